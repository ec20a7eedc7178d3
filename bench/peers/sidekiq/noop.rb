# SPDX-License-Identifier: GPL-3.0-or-later
# The job of the benchmark, for the worker (sidekiq -r) and for enqueue.rb.
require "sidekiq"

redis = { url: "unix://#{ENV.fetch('BENCH_REDIS')}" }
Sidekiq.configure_server do |config|
  config.redis = redis
  config.logger.level = Logger::WARN
end
Sidekiq.configure_client { |config| config.redis = redis }

class Noop
  include Sidekiq::Worker
  sidekiq_options retry: 1

  def perform(pad) = nil
end
