package glimt.training.evaluation;

import glimt.model.Level;
import java.util.List;

/**
 * A set of prompts whose samples are assessed together.
 *
 * @param level the level whose samples are assessed
 * @param alone whether the level is generated alone, without the levels below it
 * @param wanted the requested number of prompts, which may be slightly exceeded
 * @param prompts the prompts
 * @param controlled whether to compare with untrained networks and copies
 */
public record Round<T>(
    Level level, boolean alone, int wanted, List<Prompt<T>> prompts, boolean controlled) {
  public Round {
    prompts = List.copyOf(prompts);
  }
}
