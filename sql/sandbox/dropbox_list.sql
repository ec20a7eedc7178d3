-- sql/sandbox/dropbox_list.sql: what is in the folder: the first page
select sandbox.dropbox_page(0, sandbox.number_of(:input::jsonb ->> 'limit', 500, 2000)) as body where :input::jsonb ? 'path'
