# Run by cpack on what it is about to pack: what Debian's policy asks for and an installation by
# hand has no use for. Pages and changelogs are compressed; copyright and changelog are in every
# package; Debian's zsh looks for completions of packages in a folder of its own.

cmake_path(SET sources NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/..)
file(GLOB trees LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(tree IN LISTS trees)
  if(EXISTS ${tree}/usr/bin)
    set(package miko)
  else()
    set(package libmiko-dev)
  endif()
  if(EXISTS ${tree}/usr/share/zsh/site-functions)
    file(RENAME ${tree}/usr/share/zsh/site-functions ${tree}/usr/share/zsh/vendor-completions)
  endif()
  set(documents ${tree}/usr/share/doc/${package})
  file(COPY_FILE ${sources}/LICENSE ${tree}/copyright)
  file(MAKE_DIRECTORY ${documents})
  file(RENAME ${tree}/copyright ${documents}/copyright)
  file(COPY ${sources}/packaging/changelog DESTINATION ${documents})
  file(GLOB pages ${tree}/usr/share/man/man*/*.[0-9])
  execute_process(COMMAND gzip -9n ${documents}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
