-- Requests that fronts have told of go into their hours; how many batches of them it were, at most 100
select request_roll_up(100) as batches
