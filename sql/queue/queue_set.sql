-- Change what goes for a queue; no value: as if nothing had been said
select queue_set(:who, :queue, :name, :value)
