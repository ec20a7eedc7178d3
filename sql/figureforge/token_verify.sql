-- That this statement runs is the proof: the caller was checked before it
select json_build_object('valid', true, 'user_id', figureforge.user_ref(:account_id::bigint)) as body
