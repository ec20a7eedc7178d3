-- What has been applied to this database
select number, name, checksum from schema_migration order by number
