# The target rabbitmq::rabbitmq: from rabbitmq-c's own CMake package, shared if it has both, or from
# pkg-config where there is no such package.
find_package(rabbitmq-c QUIET)
if(NOT TARGET rabbitmq::rabbitmq)
  if(TARGET rabbitmq::rabbitmq-static)
    set(rabbitmq_c_found rabbitmq::rabbitmq-static)
  else()
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(librabbitmq REQUIRED IMPORTED_TARGET librabbitmq)
    set(rabbitmq_c_found PkgConfig::librabbitmq)
  endif()
  add_library(rabbitmq::rabbitmq INTERFACE IMPORTED)
  target_link_libraries(rabbitmq::rabbitmq INTERFACE ${rabbitmq_c_found})
endif()
