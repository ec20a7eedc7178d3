-- A migration that this database has
select checksum from schema_migration where number = :number
