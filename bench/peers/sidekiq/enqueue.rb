# SPDX-License-Identifier: GPL-3.0-or-later
# enqueue.rb COUNT BYTES
require_relative "noop"

count, bytes = ARGV.map(&:to_i)
pad = "x" * bytes
count.times.each_slice(1000) { |slice| Sidekiq::Client.push_bulk("class" => Noop, "args" => slice.map { [pad] }) }
