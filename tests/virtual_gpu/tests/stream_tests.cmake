# Streams, graphs, copies and the profile.
virtual_gpu_test(stream_order_test stream_order_test.cu)
virtual_gpu_test(stream_graph_test stream_graph_test.cu)
virtual_gpu_test(stream_copies_test stream_copies_test.cu ENVIRONMENT VGPU_DEVICES=2)

# What is right is right in every order, and when everything runs at once.
foreach(program stream_order_test stream_graph_test)
  foreach(seed 2 3 4)
    add_test(NAME ${program}_seed_${seed} COMMAND ${program})
    set_tests_properties(${program}_seed_${seed} PROPERTIES LABELS virtual_gpu TIMEOUT 60
      ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir};VGPU_SEED=${seed}")
  endforeach()
endforeach()
add_test(NAME stream_order_eager COMMAND stream_order_test with_event_and_synchronization_all_is_right
  blocking_streams_wait_for_the_legacy_stream)
set_tests_properties(stream_order_eager PROPERTIES LABELS virtual_gpu TIMEOUT 60
  ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir};VGPU_EAGER=1")

virtual_gpu_program(profile_test profile_test.cu blas_support.cpp LIBS CUDA::cublasLt)
add_test(NAME profile_test COMMAND profile_test)
set_tests_properties(profile_test PROPERTIES LABELS virtual_gpu TIMEOUT 60
  ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir}")
