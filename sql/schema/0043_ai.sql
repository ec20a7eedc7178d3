-- SPDX-License-Identifier: GPL-3.0-or-later
-- What is ordered at providers of models; AIlice's models, predictions and trainings.

insert into provider (name, available) values ('gemini', false);

-- What was ordered at a provider for a job and must not be ordered twice. The row is there before the call, so that an
-- attempt that follows a dead one knows to ask the provider first.
create table ai_order (
  job_id     uuid not null,
  position   integer not null,
  provider   text not null references provider,
  remote_id  text, -- null: it is being ordered, and whether that has arrived is the provider's to say
  refused    text, -- the provider will not make it, and why
  created_at timestamptz not null default now(),
  primary key (job_id, position),
  unique (provider, remote_id)
);
create index ai_order_old on ai_order (created_at);

-- ---- AIlice ----

-- A text classifier's training, or a fine-tuning at a provider.
create table ailice.training (
  id          bigint generated always as identity primary key,
  account_id  bigint not null references account,
  job_id      uuid not null unique,
  model_name  text not null,
  model_type  text not null,
  base_model  text not null,
  provider    text not null references provider,
  remote      text not null, -- what the provider calls the base model
  parameters  json not null,
  data        json not null,
  status      text not null default 'queued' check (status in ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  error       text,
  file_id     text,        -- the uploaded data, at the provider
  ordered_at  timestamptz, -- when it was about to be ordered there; remote_id is null until that was answered
  remote_id   text,
  model_id    text,        -- what came of it
  accuracy    numeric(5, 4),
  created_at  timestamptz not null default now(),
  finished_at timestamptz
);
create index training_of on ailice.training (account_id, id desc);

-- The models that predict knows: everybody's, and those of an account that were trained for it.
create table ailice.model (
  key         bigint generated always as identity primary key,
  id          text not null,
  name        text not null,
  provider    text not null references provider,
  model_type  text not null,
  remote      text not null,                -- what the provider calls it
  trains      boolean not null default false, -- it can be the base of a training
  predicts    boolean not null default true,
  account_id  bigint references account,    -- null: everybody's
  file_id     bigint references file,       -- of a local one
  created_at  timestamptz not null default now(),
  unique nulls not distinct (account_id, id)
);
insert into ailice.model (id, name, provider, model_type, remote, trains, predicts) values
  ('openai:gpt-4', 'GPT-4', 'openai', 'text', 'gpt-4', false, true),
  ('openai:gpt-4o', 'GPT-4o', 'openai', 'text', 'gpt-4o', false, true),
  ('openai:gpt-4o-mini', 'GPT-4o mini', 'openai', 'text', 'gpt-4o-mini', false, true),
  ('openai:gpt-4o-mini-2024-07-18', 'GPT-4o mini of 2024-07-18', 'openai', 'text', 'gpt-4o-mini-2024-07-18', true, true),
  ('google:gemini-pro', 'Gemini Pro', 'gemini', 'text', 'gemini-2.5-pro', false, true),
  ('google:gemini-2.5-flash', 'Gemini 2.5 Flash', 'gemini', 'text', 'gemini-2.5-flash', false, true),
  ('replicate:meta/meta-llama-3-8b-instruct', 'Llama 3 8B', 'replicate', 'text', 'meta/meta-llama-3-8b-instruct', false, true),
  ('replicate:black-forest-labs/flux-schnell', 'FLUX schnell', 'replicate', 'image', 'black-forest-labs/flux-schnell', false, true),
  ('local:text-classifier', 'Text classifier, to be trained', 'local', 'text', 'text-classifier', true, false);

-- One call of predict. The id is its job's.
create table ailice.prediction (
  id          uuid primary key,
  account_id  bigint not null references account,
  model_key   bigint not null references ailice.model,
  prompt      text not null,
  status      text not null default 'queued' check (status in ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  answer      json,
  error       text,
  created_at  timestamptz not null default now(),
  finished_at timestamptz
);
create index prediction_of on ailice.prediction (account_id, created_at desc, id desc);
create index prediction_old on ailice.prediction (created_at);

-- The model of this id that an account may use: its own before everybody's.
create function ailice.model_of(account_id bigint, model_id text) returns setof ailice.model
language sql stable as $$
  select m.* from ailice.model m
   where m.id = model_of.model_id and (m.account_id = model_of.account_id or m.account_id is null)
   order by m.account_id nulls last limit 1
$$;

-- The prefix of a model's id: what its users call the provider.
create function ailice.provider_word(model_id text) returns text
language sql immutable parallel safe as $$ select split_part(model_id, ':', 1) $$;

-- A state in the words of jobs, as one who polls reads it.
create function ailice.ended(outcome text) returns text
language sql immutable parallel safe as $$
  select case outcome when 'done' then 'completed' when 'cancelled' then 'cancelled' else 'failed' end
$$;

-- What the owner of a job is told of why it failed. What a provider says of our key, our limits or itself is for operators
-- (millrace job); what it says of the request is for who made it.
create function ailice.told(error text) returns text
language sql immutable parallel safe as $$
  select case when error ~ '^(unknown: )?[a-z_]+ said (401|402|403|404|429|5[0-9][0-9])' then 'The provider could not do it'
              else left(error, 500) end
$$;
