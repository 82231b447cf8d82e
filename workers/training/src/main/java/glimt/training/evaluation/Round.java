package glimt.training.evaluation;

import glimt.model.Level;
import java.util.List;

/**
 * Prompts whose answers are compared.
 *
 * @param level whose samples are compared
 * @param alone whether that level is made by itself, or with all levels below it
 * @param wanted how many there should be; there may be a few more
 * @param controlled whether the answers of untrained networks and copies stand beside the others
 */
public record Round<T>(
    Level level, boolean alone, int wanted, List<Prompt<T>> prompts, boolean controlled) {
  public Round {
    prompts = List.copyOf(prompts);
  }
}
