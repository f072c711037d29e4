# What others include as <zc/NAME.hpp>: these headers, all in one folder, made from those of
# the rooms. Only their include lines differ, so that no folder of a room is on
# anybody's search path. Private are paths, the plan, the leases and the system calls.
set(zc_public
  address/address.hpp
  address/open.hpp
  address/option.hpp
  address/owned_entry.hpp
  address/stream.hpp
  engine/endpoint.hpp
  engine/fanout.hpp
  engine/fanout_sink.hpp
  engine/gauge.hpp
  engine/patience.hpp
  engine/pipe.hpp
  engine/policy.hpp
  engine/rate_limit.hpp
  engine/reader_writer.hpp
  engine/transfer.hpp
  kernel/fd.hpp
  kernel/io.hpp
  kernel/result.hpp
  kernel/socket_address.hpp
  kernel/stop.hpp
  relay/session.hpp
  relay/session_options.hpp
  zc.hpp)
set(zc_include ${PROJECT_BINARY_DIR}/include)
set(zc_public_names version)
foreach(header IN LISTS zc_public)
  get_filename_component(name ${header} NAME)
  file(READ ${header} text)
  string(REGEX REPLACE "#include \"[a-z]+/([a-z_]+\\.hpp)\"" "#include <zc/\\1>" text "${text}")
  file(GENERATE OUTPUT ${zc_include}/zc/${name} CONTENT "${text}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${header})
  get_filename_component(stem ${header} NAME_WE)
  list(APPEND zc_public_names ${stem})
endforeach()
configure_file(version.hpp.in ${zc_include}/zc/version.hpp @ONLY)
