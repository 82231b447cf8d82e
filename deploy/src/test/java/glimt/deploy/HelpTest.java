package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;

class HelpTest {
  /** A text of several lines is wrapped line by line, which leaves a few words alone on a line. */
  @Test
  void everyOptionIsDescribedInOnePieceThatHelpCanWrap() {
    List<String> broken = new ArrayList<>();
    List<String> silent = new ArrayList<>();
    for (CommandLine command : withSubcommands(Glimt.commands())) {
      List<ArgSpec> all = new ArrayList<>(command.getCommandSpec().options());
      all.addAll(command.getCommandSpec().positionalParameters());
      for (ArgSpec one : all) {
        String name = command.getCommandSpec().qualifiedName() + " " + one.paramLabel();
        if (one.description().length > 1) {
          broken.add(name);
        }
        if (one.description().length == 0) {
          silent.add(name);
        }
      }
    }
    assertThat(broken).as("descriptions in several lines").isEmpty();
    assertThat(silent).as("options without a description").isEmpty();
  }

  /** The list of commands shows the first line of each only. */
  @Test
  void theFirstLineOfEveryCommandIsASentence() {
    assertThat(withSubcommands(Glimt.commands()))
        .extracting(one -> one.getCommandSpec().usageMessage().description()[0])
        .allMatch(first -> first.endsWith("."));
  }

  /** Commands that are hidden are for processes of the farm, not for people. */
  private static List<CommandLine> withSubcommands(CommandLine command) {
    List<CommandLine> all = new ArrayList<>(List.of(command));
    command.getSubcommands().values().stream()
        .filter(one -> !one.getCommandSpec().usageMessage().hidden())
        .forEach(one -> all.addAll(withSubcommands(one)));
    return all;
  }
}
