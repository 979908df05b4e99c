# convoy_library(NAME sources...): one static library per folder, alias convoy::NAME, with the house's warnings.
# convoy_options(TARGET): the same options for programs and tests.
#
# The baseline is x86-64-v3 (AVX2, FMA): one build runs on every such machine. Code for AVX-512 stands in its
# own files behind a run-time check, so that no shared inline function is ever compiled for more than the baseline.
set(CONVOY_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=; empty: none")
find_package(Threads REQUIRED)

# Unity builds (CMAKE_UNITY_BUILD, which the presets cpu and cuda set) compile the files of one folder of a target as
# one: most of the time that a file of ours takes goes to headers and templates that its neighbours want as well.
# Without it every file is compiled alone: better for work on a few files, and proof that each includes what it uses.
function(convoy_unite_folders target)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "^[^/$].*\\.cpp$")  # neither generated nor from another target
  foreach(source IN LISTS sources)
    get_filename_component(folder ${source} DIRECTORY)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "folder_${folder}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()

function(convoy_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  # Designated initializers leave out what has a default: that is their use, not a mistake.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wnon-virtual-dtor
      -Werror -march=x86-64-v3>)
  if(CONVOY_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${CONVOY_SANITIZE} -fno-omit-frame-pointer
                                            -fno-sanitize-recover=all)
    # Between the checks g++ 12 sees uses of what std::regex and std::function have not set where there are none.
    target_compile_options(${target} PRIVATE
      $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-maybe-uninitialized>)
    target_link_options(${target} PUBLIC -fsanitize=${CONVOY_SANITIZE})
  endif()
  if(CMAKE_UNITY_BUILD)  # what a .cpp file defines for itself looks like what a header defines for all
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
  # At the end of the CMakeLists.txt, when the target has all its sources.
  cmake_language(EVAL CODE "cmake_language(DEFER CALL convoy_unite_folders ${target})")
endfunction()

function(convoy_library name)
  add_library(${name} STATIC ${ARGN})
  add_library(convoy::${name} ALIAS ${name})
  convoy_options(${name})
  target_link_libraries(${name} PUBLIC Threads::Threads)
endfunction()

# Compile options for what waits for files, other ranks or people: two thirds of the time of -O3. With so little
# optimisation g++ 12 sees uses of what std::regex and std::function have not set where there are none.
set(CONVOY_COMPILE_QUICKLY "$<$<CONFIG:Release>:-Og;-Wno-maybe-uninitialized>")

# The standard headers and fmt are a third of the time that our files take to compile: libraries share core's compiled
# copy of them. g++ wants the same options: for targets with core's alone, so not for kernels; QUICKLY: for those with
# CONVOY_COMPILE_QUICKLY besides.
function(convoy_share_headers target)
  if("QUICKLY" IN_LIST ARGN)
    target_precompile_headers(${target} REUSE_FROM core_files)
  else()
    target_precompile_headers(${target} REUSE_FROM core)
  endif()
endfunction()
