# The cuBLASLt stand-in. The programs hold no device code, so one run of each does.
function(virtual_gpu_blas_program name)
  virtual_gpu_program(${name} ${name}.cpp blas_support.cpp LIBS CUDA::cublasLt CUDA::cudart)
endfunction()
function(virtual_gpu_blas_test name program)
  add_test(NAME ${name} COMMAND ${program})
  set_tests_properties(${name} PROPERTIES LABELS virtual_gpu TIMEOUT 120
    ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir};${ARGN}")
endfunction()

foreach(name epilogue product requirements)
  virtual_gpu_blas_program(blas_${name}_test)
  virtual_gpu_blas_test(blas_${name}_test blas_${name}_test)
endforeach()
virtual_gpu_blas_test(blas_product_4_threads blas_product_test VGPU_THREADS=4)

virtual_gpu_blas_program(blas_stream)
virtual_gpu_fault_test(blas_shared_workspace blas_stream streams_share_a_workspace
  "the workspace of cublasLtMatmul m=64 n=32 k=16" "was written while it ran")
virtual_gpu_fault_test(blas_freed_workspace blas_stream freed_workspace "matmul workspace" "use after free")
virtual_gpu_fault_test(blas_operand_on_the_host blas_stream operand_on_the_host "matmul A is not device memory")
virtual_gpu_fault_test(blas_result_too_small blas_stream result_too_small "matmul D of 8192 bytes"
  "4 bytes past the end")
foreach(twin streams_have_workspaces_of_their_own the_workspace_is_overwritten workspace_freed_after_its_use
    a_product_is_one_node_of_a_graph)
  add_test(NAME blas_${twin} COMMAND blas_stream ${twin})
  set_tests_properties(blas_${twin} PROPERTIES LABELS virtual_gpu TIMEOUT 60
    ENVIRONMENT "LD_LIBRARY_PATH=${virtual_gpu_dir}")
endforeach()

# The unkind mode: a wrong use that it catches and that passes where the library is kind, and its right twin.
virtual_gpu_blas_program(blas_unkind)
function(virtual_gpu_unkind_pair wrong right)
  virtual_gpu_blas_test(blas_kind_${wrong} "blas_unkind;${wrong}")
  foreach(seed 1 2 3)
    virtual_gpu_fault_test(blas_unkind_${seed}_${wrong} blas_unkind ${wrong} "FAILED ${wrong}" ${ARGN}
                           STATUS 1 ENVIRONMENT VGPU_UNKIND=${seed})
    virtual_gpu_blas_test(blas_unkind_${seed}_${right} "blas_unkind;${right}" VGPU_UNKIND=${seed})
  endforeach()
endfunction()
virtual_gpu_unkind_pair(relies_on_an_epilogue does_without_an_epilogue)
virtual_gpu_unkind_pair(takes_invalid_answers takes_valid_answers "the algorithm is not one that the heuristic gave")
virtual_gpu_unkind_pair(gives_a_mebibyte_of_workspace gives_the_workspace_that_is_asked_for "workspace")
virtual_gpu_unkind_pair(expects_one_sum_of_all_algorithms expects_one_sum_of_an_algorithm)
virtual_gpu_unkind_pair(expects_an_exact_tanh expects_an_approximate_tanh)
