-- A former member leaves the group that he is even with; no row: there is none
select expenses.former_leave() as id
