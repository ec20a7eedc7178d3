-- The next rows of a closed account
select account_erase(:account::bigint, 500) as gone
