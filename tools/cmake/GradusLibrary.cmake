# How the parts of Gradus become targets.
#
# gradus_library(NAME sources... LINKS targets...) makes gradus::NAME. Ops, optimizers, schedules,
# models and data sets register themselves in static objects, which a linker drops from a static
# library when nothing names them; so the public target is an interface that links the archive as a
# whole.

# Headers include each other by their paths in this repository ("framework/tensor/tensor.h"), and
# are installed under include/gradus in the same order. Users include <gradus/gradus.h>.
set(GRADUS_GENERATED ${PROJECT_BINARY_DIR}/include)
set(GRADUS_INSTALL_INCLUDE ${CMAKE_INSTALL_INCLUDEDIR}/gradus)

# What every target of this project is compiled with; none of it reaches a user's code.
function(gradus_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                         -Woverloaded-virtual $<$<BOOL:${GRADUS_WERROR}>:-Werror>)
  # Nothing here reads errno or floating-point exceptions after a computation; without them loops
  # of square roots and selections become vector instructions. Results stay the same.
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND GRADUS_ARCH)
    target_compile_options(${target} PRIVATE -march=${GRADUS_ARCH})
  endif()
  if(GRADUS_SANITIZE)
    # GCC sees uninitialised values in instrumented standard headers where there are none.
    # Three checks of every access would double the time to compile; AddressSanitizer sees most of
    # what they see.
    target_compile_options(${target} PRIVATE -fsanitize=${GRADUS_SANITIZE}
                           -fno-sanitize=null,alignment,pointer-overflow
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(${target} PUBLIC -fsanitize=${GRADUS_SANITIZE})
  endif()
endfunction()

function(gradus_library name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  set(archive gradus_${name}_archive)
  add_library(${archive} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(gradus::${name}_archive ALIAS ${archive})
  gradus_compile_options(${archive})
  set_target_properties(${archive} PROPERTIES OUTPUT_NAME gradus_${name}
                        EXPORT_NAME ${name}_archive)
  target_include_directories(${archive} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                             $<BUILD_INTERFACE:${GRADUS_GENERATED}>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
                             $<INSTALL_INTERFACE:${GRADUS_INSTALL_INCLUDE}>)
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} DESTINATION ${GRADUS_INSTALL_INCLUDE}
          FILES_MATCHING PATTERN "*.h")
  target_link_libraries(${archive} PUBLIC ${ARG_LINKS})

  add_library(gradus_${name} INTERFACE)
  add_library(gradus::${name} ALIAS gradus_${name})
  set_target_properties(gradus_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(gradus_${name} INTERFACE 
                        "$<LINK_LIBRARY:WHOLE_ARCHIVE,gradus::${name}_archive>")
  install(TARGETS ${archive} gradus_${name} EXPORT gradus)
endfunction()

# Compiles sources of gradus_library(NAME) once more for AVX-512, chosen at run time: see
# framework/kernels/native/level.h. A build for another GRADUS_ARCH is for one kind of machine and
# has one level; so has one by a compiler without GCC's target pragma.
function(gradus_native_levels name)
  # What becomes one multiply-add is written so (mul_add): the same bits in each copy of a loop.
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -ffp-contract=off)
  # No function with vectors in its signature is seen outside its file.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -Wno-psabi)
  endif()
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" OR NOT GRADUS_ARCH STREQUAL "x86-64-v3" OR
     NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  set(archive gradus_${name}_archive)
  target_compile_definitions(${archive} PRIVATE GRADUS_HAS_AVX512)
  set(level gradus_${name}_avx512)
  add_library(${level} OBJECT ${ARGN})
  gradus_compile_options(${level})
  target_compile_definitions(${level} PRIVATE GRADUS_COMPILES_AVX512)
  target_include_directories(${level} PRIVATE ${PROJECT_SOURCE_DIR} ${GRADUS_GENERATED})
  target_sources(${archive} PRIVATE $<TARGET_OBJECTS:${level}>)
endfunction()

# gradus::gradus, <gradus/gradus.h> and the package that find_package(gradus) reads.
function(gradus_umbrella)
  set(GRADUS_COMPONENT_HEADERS "")
  foreach(folder optimizers schedules datasets)
    file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/${folder}
         ${PROJECT_SOURCE_DIR}/${folder}/*.h)
    foreach(header ${headers})
      string(APPEND GRADUS_COMPONENT_HEADERS "#include \"${folder}/${header}\"\n")
    endforeach()
  endforeach()
  configure_file(${PROJECT_SOURCE_DIR}/framework/gradus.h.in
                 ${GRADUS_GENERATED}/gradus/gradus.h @ONLY)
  install(FILES ${GRADUS_GENERATED}/gradus/gradus.h DESTINATION ${GRADUS_INSTALL_INCLUDE})

  add_library(gradus_gradus INTERFACE)
  add_library(gradus::gradus ALIAS gradus_gradus)
  set_target_properties(gradus_gradus PROPERTIES EXPORT_NAME gradus)
  target_link_libraries(gradus_gradus INTERFACE gradus::framework gradus::optimizers
                        gradus::schedules gradus::models gradus::datasets)
  install(TARGETS gradus_gradus EXPORT gradus)

  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/gradus)
  include(CMakePackageConfigHelpers)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/gradus-config-version.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(EXPORT gradus NAMESPACE gradus:: DESTINATION ${package} FILE gradus-targets.cmake)
  install(FILES ${PROJECT_SOURCE_DIR}/tools/cmake/gradus-config.cmake
                ${PROJECT_SOURCE_DIR}/tools/cmake/FindLibZip.cmake
                ${PROJECT_SOURCE_DIR}/tools/cmake/FindOneDNN.cmake
                ${PROJECT_BINARY_DIR}/gradus-config-version.cmake
          DESTINATION ${package})
  file(GLOB configs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/models/*.json)
  install(FILES ${configs} DESTINATION ${CMAKE_INSTALL_DATADIR}/gradus/models)
endfunction()
