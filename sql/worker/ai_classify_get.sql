-- What is to be classified, and by which file
select p.prompt, m.id as model_id, f.storage_key
  from ailice.prediction p
  join ailice.model m on m.key = p.model_key
  join file f on f.id = m.file_id
 where p.id = :job_id
