// libzc: zero-copy pipelines. Everything that is public; libzc(3) is the way in.
#pragma once

#include <zc/version.hpp>
#include "address/address.hpp"
#include "address/open.hpp"
#include "address/stream.hpp"
#include "engine/endpoint.hpp"
#include "engine/fanout.hpp"
#include "engine/fanout_sink.hpp"
#include "engine/gauge.hpp"
#include "engine/patience.hpp"
#include "engine/pipe.hpp"
#include "engine/policy.hpp"
#include "engine/rate_limit.hpp"
#include "engine/reader_writer.hpp"
#include "engine/transfer.hpp"
#include "kernel/fd.hpp"
#include "kernel/io.hpp"
#include "kernel/result.hpp"
#include "kernel/stop.hpp"
#include "relay/session.hpp"
