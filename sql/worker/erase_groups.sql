-- What a closed account is to the groups of the Expense Tracker, a bite of it
select expenses.former_bite(:account::bigint, 500) as gone
