-- sql/sandbox/twilio_schema.sql: what Twilio's stand-in knows beside sandbox.thing. Its messages are things of the kind
-- `message`; who has texted STOP to a number is one of the kind `stop`.
create index thing_twilio_to on sandbox.thing ((body ->> 'to'), n) where service = 'twilio' and kind = 'message';

-- As RFC 2822 writes it; the names of days and months are not translated.
create function sandbox.twilio_time(at timestamptz) returns text language sql stable
return to_char(at at time zone 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS "+0000"');

create function sandbox.twilio_refusal(code int, message text) returns json language sql immutable
return json_build_object('code', code, 'message', message, 'more_info', 'https://www.twilio.com/docs/errors/' || code,
                         'status', 400);

-- Why a message is refused; null: it is not. Numbers of the test credentials first.
create function sandbox.twilio_refused(input jsonb) returns json language sql stable
begin atomic
  select sandbox.twilio_refusal(code, message)
    from (values
      (input ->> 'To' is null, 21604, 'A ''To'' phone number is required.'),
      (input ->> 'From' is null and input ->> 'MessagingServiceSid' is null, 21603, 'A ''From'' phone number is required.'),
      (coalesce(input ->> 'Body', '') = '', 21602, 'Message body is required.'),
      (length(input ->> 'Body') > 1600, 21617, 'The concatenated message body exceeds the 1600 character limit'),
      (input ->> 'From' = '+15005550001', 21212, format('The ''From'' number %s is not a valid phone number, shortcode, or alphanumeric sender ID.', input ->> 'From')),
      (input ->> 'From' = '+15005550007', 21606, format('The ''From'' phone number %s is not a valid, SMS-capable inbound phone number or short code for your account.', input ->> 'From')),
      (input ->> 'From' = '+15005550008', 21611, 'This ''From'' number has exceeded the maximum number of queued messages'),
      (input ->> 'To' = '+15005550001' or input ->> 'To' !~ '^\+[1-9][0-9]{6,14}$', 21211, format('The ''To'' number %s is not a valid phone number.', input ->> 'To')),
      (input ->> 'To' = '+15005550002', 21612, 'The ''To'' phone number is not currently reachable using the ''From'' phone number via SMS.'),
      (input ->> 'To' = '+15005550003', 21408, 'Permission to send an SMS has not been enabled for the region indicated by the ''To'' number'),
      (input ->> 'To' = '+15005550009', 21614, '''To'' number is not a valid mobile number'),
      (input ->> 'To' = '+15005550004' or sandbox.get('twilio', 'stop', input ->> 'To') is not null, 21610, 'Attempt to send to unsubscribed recipient')
    ) as rule(broken, code, message)
   where broken
   limit 1;
end;

-- How many parts a text has: of 160 characters of ASCII, or of 70.
create function sandbox.twilio_segments(said text) returns int language sql immutable
return case when octet_length(said) = length(said) then case when length(said) <= 160 then 1 else ceil(length(said) / 153.0) end
            else case when length(said) <= 70 then 1 else ceil(length(said) / 67.0) end end;

-- Tell what becomes of a message, one step after the other.
create function sandbox.twilio_tell(message jsonb, statuses text[], url text, secret text) returns void language sql volatile
begin atomic
  select sandbox.send('twilio', message ->> 'sid', url, message ->> 'sid', 'twilio', secret, form => json_strip_nulls(
           json_build_object('AccountSid', message ->> 'account_sid', 'ApiVersion', '2010-04-01', 'From', message ->> 'from',
                             'To', message ->> 'to', 'MessageSid', message ->> 'sid', 'SmsSid', message ->> 'sid',
                             'MessageStatus', s.status, 'SmsStatus', s.status,
                             'ErrorCode', case when s.status in ('undelivered', 'failed') then message ->> 'error_code' end)))
    from unnest(statuses) with ordinality as s(status, n)
   order by s.n;
end;

-- What is sent to our own number is a text message to the product: it is told, and STOP and START are heeded, as Twilio does.
create function sandbox.twilio_inbound(message jsonb, settings json) returns void language plpgsql as $$
declare
  word text := upper(trim(message ->> 'body'));
begin
  if word in ('STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT') then
    perform sandbox.put('twilio', 'stop', message ->> 'from', '{}');
  elsif word in ('START', 'YES', 'UNSTOP') then
    perform sandbox.remove('twilio', 'stop', message ->> 'from');
  end if;
  perform sandbox.send('twilio', message ->> 'from', (settings ->> 'smsagent') || '/api/sms/receive/', message ->> 'sid', 'twilio',
                       settings ->> 'twilio_token', form => json_build_object(
                         'AccountSid', message ->> 'account_sid', 'ApiVersion', '2010-04-01', 'From', message ->> 'from',
                         'To', message ->> 'to', 'Body', message ->> 'body', 'MessageSid', message ->> 'sid', 'NumMedia', '0'));
end $$;

-- Send a message: it is kept as it will have become, and told of step by step. To a number that ends in 0010 it is not
-- delivered (30003).
create function sandbox.twilio_send(account text, input jsonb, settings json) returns json language plpgsql as $$
declare
  refusal json := sandbox.twilio_refused(input);
  sid     text := sandbox.id('SM', 32);
  lost    boolean := input ->> 'To' like '%0010';
  uri     text := format('/2010-04-01/Accounts/%s/Messages/%s', account, sid);
  made    jsonb;
begin
  if refusal is not null then
    return refusal;
  end if;
  made := jsonb_build_object(
    'account_sid', account, 'api_version', '2010-04-01', 'body', input ->> 'Body', 'date_created', sandbox.twilio_time(now()),
    'date_sent', sandbox.twilio_time(now()), 'date_updated', sandbox.twilio_time(now()), 'direction', 'outbound-api',
    'error_code', case when lost then 30003 end, 'error_message', case when lost then 'Unreachable destination handset' end,
    'from', input ->> 'From', 'messaging_service_sid', input ->> 'MessagingServiceSid', 'num_media', '0',
    'num_segments', sandbox.twilio_segments(input ->> 'Body')::text, 'price', null, 'price_unit', 'USD', 'sid', sid,
    'status', case when lost then 'undelivered' else 'delivered' end,
    'subresource_uris', jsonb_build_object('media', uri || '/Media.json'), 'to', input ->> 'To', 'uri', uri || '.json');
  perform sandbox.put('twilio', 'message', sid, made);
  if input ->> 'StatusCallback' <> '' then
    perform sandbox.twilio_tell(made, array['queued', 'sent', made ->> 'status'], input ->> 'StatusCallback', settings ->> 'twilio_token');
  end if;
  if input ->> 'To' = settings ->> 'twilio_from' then
    perform sandbox.twilio_inbound(made, settings);
  end if;
  return (made || '{"status": "queued", "date_sent": null, "error_code": null, "error_message": null}')::json;
end $$;

-- Of a parameter DateSent, DateSent> (from that day on) or DateSent< (up to it): whether a message is of that time.
create function sandbox.twilio_sent(message jsonb, query jsonb) returns boolean language sql stable
return coalesce((select bool_and(case p.way when '' then sent.day = p.day when '>' then sent.day >= p.day else sent.day <= p.day end)
                   from (select (substr(message ->> 'date_sent', 6, 20) || ' UTC')::timestamptz as at) as s
                  cross join lateral (select (s.at at time zone 'UTC')::date as day) as sent
                  cross join lateral (values ('', left(query ->> 'DateSent', 10)::date), ('>', left(query ->> 'DateSent>', 10)::date),
                                             ('<', left(query ->> 'DateSent<', 10)::date)) as p(way, day)
                  where p.day is not null), true);

-- A page of messages, the latest first. A token says behind which message a page begins.
create function sandbox.twilio_page(account text, query jsonb) returns json language plpgsql stable as $$
declare
  size  int := least(greatest(coalesce((query ->> 'PageSize')::int, 50), 1), 1000);
  page  int := coalesce((query ->> 'Page')::int, 0);
  place text := format('/2010-04-01/Accounts/%s/Messages.json?', account);
  kept  text := (select coalesce(string_agg(format('%s=%s&', replace(replace(q.key, '>', '%3E'), '<', '%3C'),
                                                    replace(replace(q.value, '+', '%2B'), ':', '%3A')), '' order by q.key), '')
                   from jsonb_each_text(query) as q where q.key not in ('Page', 'PageToken', 'PageSize'));
  list  json;
  last  bigint;
  more  boolean;
begin
  select coalesce(json_agg(f.body order by f.n desc) filter (where f.i <= size), '[]'), min(f.n) filter (where f.i <= size),
         count(*) > size
    into list, last, more
    from (select t.body, t.n, row_number() over (order by t.n desc) as i
            from sandbox.thing t
           where t.service = 'twilio' and t.kind = 'message' and t.body ->> 'account_sid' = account
             and (query ->> 'To' is null or t.body ->> 'to' = query ->> 'To')
             and (query ->> 'From' is null or t.body ->> 'from' = query ->> 'From')
             and (query ->> 'PageToken' is null or t.n < substr(query ->> 'PageToken', 3)::bigint)
             and sandbox.twilio_sent(t.body, query)
           order by t.n desc
           limit size + 1) as f;
  return json_build_object(
    'messages', list, 'page', page, 'page_size', size, 'start', page * size,
    'end', page * size + greatest(json_array_length(list) - 1, 0), 'uri', format('%s%sPageSize=%s&Page=%s', place, kept, size, page),
    'first_page_uri', format('%s%sPageSize=%s&Page=0', place, kept, size), 'previous_page_uri', null,
    'next_page_uri', case when more then format('%s%sPageSize=%s&Page=%s&PageToken=PA%s', place, kept, size, page + 1, last) end);
end $$;
