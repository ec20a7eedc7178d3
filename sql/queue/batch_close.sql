-- All jobs of a batch have been put. The ticket of what follows, if it is complete already.
select batch_close(:batch) as ticket
