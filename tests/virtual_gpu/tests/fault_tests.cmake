# Every check of the virtual GPU beside a kernel that it has to catch, and the kernel's twin, which is right.
#
# fault_pair(PROGRAM FAULT TWIN TEXT... [ENVIRONMENT VAR=VALUE...]): case FAULT of the program has to end in a fault whose
#   report has every TEXT; case TWIN has to succeed under the same settings.
function(fault_pair program fault twin)
  cmake_parse_arguments(pair "" "" "ENVIRONMENT" ${ARGN})
  virtual_gpu_fault_test(fault_${fault} ${program} ${fault} ${pair_UNPARSED_ARGUMENTS} ENVIRONMENT ${pair_ENVIRONMENT})
  if(NOT TEST fault_twin_${twin})
    add_test(NAME fault_twin_${twin} COMMAND ${program} ${twin})
    set_tests_properties(fault_twin_${twin} PROPERTIES LABELS virtual_gpu TIMEOUT 60
      ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir};${pair_ENVIRONMENT}")
  endif()
endfunction()

virtual_gpu_program(fault_global_memory fault_global_memory.cu)
fault_pair(fault_global_memory write_after_the_end write_to_the_last_element
  "0 bytes after allocation" "+400 bytes, cudaMalloc" "write_kernel" "fault_global_memory.cu" "thread (0,0,0)")
fault_pair(fault_global_memory write_before_the_start write_to_the_first_element "4 bytes before allocation")
fault_pair(fault_global_memory write_into_the_red_zone write_to_the_last_element "252 bytes after allocation")
fault_pair(fault_global_memory read_over_the_end read_up_to_the_end "4 bytes past the end when accessing offset 8")
fault_pair(fault_global_memory misaligned_vector aligned_vector "misaligned address" "16-byte access")
fault_pair(fault_global_memory use_after_free use_before_free "use after free: offset 0 of allocation" "FREED")
fault_pair(fault_global_memory null_pointer pinned_host_pointer "null pointer")
fault_pair(fault_global_memory pageable_host_pointer pinned_host_pointer "not a device address (host memory?)")
fault_pair(fault_global_memory local_array_overflow local_array_use "local address" "is outside the thread's")
fault_pair(fault_global_memory failed_assertion held_assertion "assertion 'threadIdx.x + 1 < n' failed"
  "thread (15,0,0)")
fault_pair(fault_global_memory sprung_trap idle_trap "trap")
fault_pair(fault_global_memory blocks_write_the_same blocks_write_their_own "race between blocks" "also accessed by block 0"
  ENVIRONMENT VGPU_RACECHECK=2)
fault_pair(fault_global_memory blocks_read_what_others_write blocks_add_atomically "race between blocks"
  ENVIRONMENT VGPU_RACECHECK=2)
add_test(NAME fault_twin_launches COMMAND fault_global_memory launches_write_the_same freed_addresses_are_not_given_again)
set_tests_properties(fault_twin_launches PROPERTIES LABELS virtual_gpu TIMEOUT 60
  ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir};VGPU_RACECHECK=2")

virtual_gpu_program(fault_shared_memory fault_shared_memory.cu)
fault_pair(fault_shared_memory race_read_after_write barrier_read_after_write "shared memory race (read after write)"
  "accessed it with no barrier in between, at PTX line" "fault_shared_memory.cu")
fault_pair(fault_shared_memory race_write_after_read barrier_write_after_read "shared memory race (write after read)")
fault_pair(fault_shared_memory race_write_after_write barrier_write_after_write "shared memory race (write after write)")
fault_pair(fault_shared_memory race_within_a_warp syncwarp_within_a_warp "shared memory race (read after write)")
fault_pair(fault_shared_memory race_between_warps_in_spite_of_syncwarp barrier_between_warps "shared memory race")
fault_pair(fault_shared_memory race_in_spite_of_a_shuffle syncwarp_beside_a_shuffle "shared memory race")
fault_pair(fault_shared_memory race_on_a_half_word neighbouring_halves "shared memory race (write after write)")
fault_pair(fault_shared_memory race_of_a_counter atomic_counter "shared memory race")
fault_pair(fault_shared_memory race_between_turns_of_a_loop barriers_between_turns_of_a_loop
  "shared memory race")
fault_pair(fault_shared_memory overflow_between_variables variables_side_by_side "is between variables (overflow)"
  "0 bytes after the end of")
fault_pair(fault_shared_memory overflow_of_dynamic_memory all_of_dynamic_memory "is outside the block's")
fault_pair(fault_shared_memory misaligned_shared_vector aligned_shared_vector "misaligned shared address"
  "16-byte access")
fault_pair(fault_shared_memory barrier_that_half_the_threads_miss barrier_that_all_threads_reach
  "deadlock: no thread of the block can continue" "at a barrier")
add_test(NAME fault_twin_same_value COMMAND fault_shared_memory threads_write_the_same_value)
# With VGPU_RACEWARN=1 a race is a message; with VGPU_RACECHECK=0 it is nothing.
add_test(NAME fault_race_warning COMMAND fault_shared_memory race_read_after_write)
add_test(NAME fault_race_unchecked COMMAND fault_shared_memory race_read_after_write)
set_tests_properties(fault_twin_same_value PROPERTIES ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir}")
set_tests_properties(fault_race_warning PROPERTIES ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir};VGPU_RACEWARN=1"
  PASS_REGULAR_EXPRESSION "shared memory race.*ok race_read_after_write")
set_tests_properties(fault_race_unchecked PROPERTIES ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir};VGPU_RACECHECK=0"
  FAIL_REGULAR_EXPRESSION "shared memory race")
set_tests_properties(fault_twin_same_value fault_race_warning fault_race_unchecked PROPERTIES LABELS virtual_gpu TIMEOUT 60)

virtual_gpu_program(fault_async_copy fault_async_copy.cu)
fault_pair(fault_async_copy race_with_another_threads_copy barrier_after_another_threads_copy "shared memory race")
fault_pair(fault_async_copy race_of_a_refill barrier_before_a_refill "shared memory race")
fault_pair(fault_async_copy misaligned_copy aligned_copy "misaligned address" "16-byte access")
fault_pair(fault_async_copy copy_over_the_end barrier_after_another_threads_copy "0 bytes after allocation")

virtual_gpu_program(fault_host fault_host.cu)
fault_pair(fault_host host_reads_device_memory host_reads_pinned_memory "the host touched device memory"
  "offset 0 of allocation")
fault_pair(fault_host host_writes_device_memory host_reads_pinned_memory "the host touched device memory")
fault_pair(fault_host freed_while_another_stream_uses_it freed_after_another_stream_used_it "use after free")
fault_pair(fault_host thread_without_a_device thread_with_a_device "never called cudaSetDevice" "status 86"
  ENVIRONMENT VGPU_DEVICES=2)
add_test(NAME fault_copy_beyond_the_end COMMAND fault_host copy_beyond_the_end)
set_tests_properties(fault_copy_beyond_the_end PROPERTIES LABELS virtual_gpu TIMEOUT 60
  ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir}"
  PASS_REGULAR_EXPRESSION "copy to of 32 bytes at .*16 bytes past the end.*ok copy_beyond_the_end")

virtual_gpu_program(fault_sticky fault_sticky.cu)
virtual_gpu_fault_test(fault_errors_stick fault_sticky errors_stick "null pointer" "ok errors_stick" "status 86")

virtual_gpu_test(fault_uninitialised_test fault_uninitialised_test.cu)
virtual_gpu_test(fault_api_test fault_api_test.cu)
