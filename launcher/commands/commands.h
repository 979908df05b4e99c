// One function per command, each in its own file: declares words and options, and what then runs.
#pragma once

#include "launcher/commands/command_line.h"

namespace convoy {

void add_chat_command(CommandLine& line);
void add_config_command(CommandLine& line);
void add_data_commands(CommandLine& line);
void add_doctor_command(CommandLine& line);
void add_eval_command(CommandLine& line);
void add_export_command(CommandLine& line);
void add_generate_command(CommandLine& line);
void add_import_command(CommandLine& line);
void add_plan_command(CommandLine& line);
void add_predict_command(CommandLine& line);
void add_replay_command(CommandLine& line);
void add_report_command(CommandLine& line);
void add_submit_command(CommandLine& line);
void add_train_command(CommandLine& line);

}  // namespace convoy
