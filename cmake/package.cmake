# The library face for others: find_package(miko), target miko::miko, #include <miko.h>.

include(CMakePackageConfigHelpers)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME library)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/miko)
set(header_dir ${CMAKE_INSTALL_INCLUDEDIR}/miko)

install(TARGETS miko_core EXPORT miko-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT miko-targets NAMESPACE miko:: DESTINATION ${package_dir})

# miko.h and what it includes, in the same folders as in src.
install(FILES src/miko.h DESTINATION ${header_dir})
install(FILES src/base/clock.h src/base/error.h src/base/json.h DESTINATION ${header_dir}/base)
install(FILES src/nameko/client.h src/nameko/dispatcher.h src/nameko/event.h
        src/nameko/exchange.h src/nameko/listener.h src/nameko/reply.h src/nameko/server.h
        src/nameko/service_state.h src/nameko/signature.h src/nameko/tap.h
        src/nameko/versions.h
        DESTINATION ${header_dir}/nameko)

configure_package_config_file(cmake/miko-config.cmake.in miko-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(miko-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  cmake/rabbitmq-c.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/miko-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/miko-config-version.cmake
  DESTINATION ${package_dir})

# Found from where it lies, so that it is right under any prefix.
file(RELATIVE_PATH relative_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/miko.pc.in miko.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/miko.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
