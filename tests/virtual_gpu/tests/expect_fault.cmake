# Runs `PROGRAM CASE` and fails unless it exits with the status of a fault on the virtual GPU and its output has every one
# of TEXTS (separated by |).
set(fault_status 86)
execute_process(COMMAND ${PROGRAM} ${CASE} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL fault_status)
  message(FATAL_ERROR "${CASE} exited with ${status}, wanted ${fault_status}; it said:\n${output}")
endif()
string(REPLACE "|" ";" texts "${TEXTS}")
foreach(text IN LISTS texts)
  string(FIND "${output}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${CASE} did not say '${text}'; it said:\n${output}")
  endif()
endforeach()
