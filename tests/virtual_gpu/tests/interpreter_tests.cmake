# Tests of the parser, the decoder, and the opcodes that do not access memory.
virtual_gpu_test(arith_float_test arith_float_test.cu)
virtual_gpu_test(arith_half_test arith_half_test.cu)
virtual_gpu_test(arith_integer_test arith_integer_test.cu)
virtual_gpu_test(mma_fragments_test mma_fragments_test.cu)
virtual_gpu_test(mma_matrix_memory_test mma_matrix_memory_test.cu)
virtual_gpu_test(ptx_async_copy_test ptx_async_copy_test.cu)
virtual_gpu_test(ptx_language_test ptx_language_test.cu)
virtual_gpu_test(warp_control_test warp_control_test.cu)
virtual_gpu_test(warp_groups_test warp_groups_test.cu)
virtual_gpu_test(warp_shuffle_test warp_shuffle_test.cu)

virtual_gpu_program(ptx_print ptx_print.cu)
virtual_gpu_fault_test(ptx_printf ptx_print prints STATUS 0
                       "thread 1 of printing:  1.50 z ff 1234567890123%    7|left  |")

# The PTX in the program is plain text: words of equal length can be exchanged without nvcc's consent. A kernel that
# cannot be decoded is not launched, and the program finds out as it would from a driver.
virtual_gpu_program(ptx_faults ptx_faults.cu)
set(ptx_bad_words -e "s/brev.b32/frob.b32/" -e "s/sub.sat.s32/sub.odd.s32/" -e "s/popc.b32/popc.f32/"
                  -e "s/%lanemask_ge/%lanemask_xy/" -e "s/not.b32/and.b32/" -e "s/abs.s32/abs.s64/")
add_custom_command(TARGET ptx_faults POST_BUILD COMMAND sed -i ${ptx_bad_words} $<TARGET_FILE:ptx_faults>)
virtual_gpu_fault_test(ptx_unknown_opcode ptx_faults unknown_opcode "unknown opcode" "frob.b32" "PTX line" STATUS 0)
virtual_gpu_fault_test(ptx_unknown_modifier ptx_faults unknown_modifier "modifier '.odd'" "PTX line" STATUS 0)
virtual_gpu_fault_test(ptx_unknown_type ptx_faults unknown_type "unsupported type" "popc.f32" "PTX line" STATUS 0)
virtual_gpu_fault_test(ptx_unknown_special_register ptx_faults unknown_special_register
                       "%lanemask_xy" "PTX line" STATUS 0)
virtual_gpu_fault_test(ptx_wrong_operand_count ptx_faults wrong_operand_count
                       "number of operands" "PTX line" STATUS 0)
virtual_gpu_fault_test(ptx_wrong_register_width ptx_faults wrong_register_width
                       "width" "abs.s64" "PTX line" STATUS 0)
virtual_gpu_fault_test(ptx_recursion ptx_faults recursion "recursive device function" STATUS 0)

virtual_gpu_program(warp_faults warp_faults.cu)
virtual_gpu_fault_test(warp_deadlock warp_faults deadlock "no thread of the block can continue" "bar.sync 1")
virtual_gpu_fault_test(warp_barrier_in_both_branches warp_faults barrier_in_both_branches "divergent barrier")
virtual_gpu_fault_test(warp_barrier_in_uneven_loop warp_faults barrier_in_uneven_loop "divergent barrier")
virtual_gpu_fault_test(warp_shuffle_from_exited_lane warp_faults shuffle_from_exited_lane
                       "reads lane 20, which has exited" "thread (4,0,0)")
virtual_gpu_fault_test(warp_shuffle_from_missing_lane warp_faults shuffle_from_missing_lane
                       "which has exited or never was" "warp 1")
virtual_gpu_fault_test(warp_lane_outside_its_own_mask warp_faults lane_outside_its_own_mask
                       "not in its own member mask 0xffff" "lane 16")
virtual_gpu_fault_test(warp_lane_outside_its_own_syncwarp warp_faults lane_outside_its_own_syncwarp
                       "not in its own member mask 0x7fffffff" "lane 31")
virtual_gpu_fault_test(warp_shuffle_without_partners warp_faults shuffle_without_partners
                       "mask names lanes that never arrive" "shfl.sync")
virtual_gpu_fault_test(warp_matrix_load_without_the_whole_warp warp_faults matrix_load_without_the_whole_warp
                       "needs all 32 lanes" "ldmatrix")
virtual_gpu_fault_test(warp_barrier_number_out_of_range warp_faults barrier_number_out_of_range
                       "barrier number 16 is out of range")
virtual_gpu_fault_test(warp_trap warp_faults trap "trap" "lane 7")
