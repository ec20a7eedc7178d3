-- Where the file lies that a job is to look at; no row: it has been taken back
select storage_key from file where id = :file_id and product = :product and deleted_at is null
