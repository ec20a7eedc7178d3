-- All jobs of a batch are put; what follows, when it is complete by now
select batch_close(:batch_id) as ticket
