// The program `trainer`.
#include "launcher/commands/commands.h"
#include "launcher/crash_stack.h"
#include "launcher/log_output.h"
#include "launcher/report_errors.h"

int main(int argc, char** argv) {
  convoy::print_stack_on_crash();
  convoy::log_to_standard_error();
  const int exit_code = convoy::report_errors([&] {
    convoy::CommandLine line;
    convoy::add_train_command(line);
    convoy::add_plan_command(line);
    convoy::add_submit_command(line);
    convoy::add_eval_command(line);
    convoy::add_predict_command(line);
    convoy::add_generate_command(line);
    convoy::add_chat_command(line);
    convoy::add_import_command(line);
    convoy::add_export_command(line);
    convoy::add_replay_command(line);
    convoy::add_report_command(line);
    convoy::add_config_command(line);
    convoy::add_data_commands(line);
    convoy::add_doctor_command(line);
    line.words_without_command_go_to("train");
    return line.run(argc, argv);
  });
  return convoy::finish_output(exit_code);
}
