# cpack makes Debian packages, or of the program that brings its libraries along (MIKO_STATIC) an
# archive to unpack anywhere. scripts/package makes both.

set(CPACK_PACKAGE_VENDOR "The miko authors")
set(CPACK_PACKAGE_CONTACT "The miko authors <miko@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "command line for Nameko services over RabbitMQ")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)

if(MIKO_STATIC)
  set(CPACK_GENERATOR TGZ)
  set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
  set(CPACK_COMPONENTS_ALL program)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
  set(CPACK_PACKAGE_FILE_NAME miko-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
else()
  set(CPACK_GENERATOR DEB)
  set(CPACK_COMPONENTS_ALL program library)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/debian.cmake)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_HOMEPAGE https://nameko.readthedocs.io/)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME miko)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
  # Loaded when the management API is asked for.
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "libcurl4, ca-certificates")
  set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "miko calls methods of Nameko services, makes many calls and measures them,
dispatches events and listens to them, stands in for services, and tells
what is up with services and broker.")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libmiko-dev)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "librabbitmq-dev, libssl-dev, libfmt-dev")
  set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
    "The C++20 library of miko, with its CMake package and its file for
pkg-config.")
endif()

include(CPack)
