-- public: a front asks whether it can work: the migration that this database has last
select max(number) as number from schema_migration
