-- public: the signature of the link is the permission; it names the file and its generation
select f.storage_key as file, f.type as file_type, f.name as file_name, :attachment as file_attachment
  from file f
 where f.id = :file_id and f.product = :product and f.generation = :generation and f.deleted_at is null
