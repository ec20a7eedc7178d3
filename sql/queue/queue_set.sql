-- Change what goes for a queue; no value: as if nothing had been said. Tells whether something had been
select queue_set(:who, :queue, :name, :value),
       exists (select from queue_setting s where s.queue = :queue and s.name = :name) as had
