-- sql/sandbox/picture_get.sql: a picture that a service has drawn: SEED, and WIDTHxHEIGHT.png
select format('picture:%s:%s', :seed::text, substring(:size from '^(\d{1,4}x\d{1,4})\.png$')) as body, 'image/png' as media
 where :size ~ '^\d{1,4}x\d{1,4}\.png$'
