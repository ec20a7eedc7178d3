-- Change what goes for a queue; no value: as if nothing had been said. Tells whether something had been, and whether this
-- names a limiter that there is not
select queue_set(:who, :queue, :name, :value),
       exists (select from queue_setting s where s.queue = :queue and s.name = :name) as had,
       :name = 'limiter' and :value is not null and not exists (select from limiter l where l.name = :value) as nowhere
