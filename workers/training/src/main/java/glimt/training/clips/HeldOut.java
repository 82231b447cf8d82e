package glimt.training.clips;

import glimt.training.evaluation.Prompt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Prompts for held-out combinations, each with a matching scene. The seeds of the prompts count
 * from 1.
 */
final class HeldOut {
  private HeldOut() {}

  /**
   * Draws prompts for random held-out combinations, with complete captions.
   *
   * @param seed determines the prompts
   */
  static List<Prompt<Scene>> prompts(Grammar grammar, int count, long seed) {
    Grammar telling = telling(grammar);
    SplittableRandom random = new SplittableRandom(seed);
    List<Prompt<Scene>> asked = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Scene scene = grammar.scene(true, random);
      asked.add(new Prompt<>(telling.caption(scene, random), 1L + asked.size(), scene));
    }
    return List.copyOf(asked);
  }

  /** Like {@link #prompts}, but every subject occurs once before any occurs again. */
  static List<Prompt<Scene>> ofEverySubject(Grammar grammar, int count, long seed) {
    Grammar telling = telling(grammar);
    SplittableRandom random = new SplittableRandom(seed);
    List<Integer> subjects = new ArrayList<>();
    List<Prompt<Scene>> asked = new ArrayList<>();
    while (asked.size() < count) {
      if (subjects.isEmpty()) {
        for (int i = 0; i < grammar.subjects().size(); i++) {
          subjects.add(i);
        }
        Collections.shuffle(subjects, random);
      }
      Scene scene = grammar.scene(true, random);
      if (subjects.getLast() == scene.subject()) {
        subjects.removeLast();
        asked.add(new Prompt<>(telling.caption(scene, random), 1L + asked.size(), scene));
      }
    }
    return List.copyOf(asked);
  }

  /** A grammar whose captions omit nothing. */
  private static Grammar telling(Grammar grammar) {
    return new Grammar(
        grammar.subjects(),
        grammar.colours(),
        grammar.motions(),
        grammar.sizes(),
        grammar.phrasings(),
        0,
        grammar.synonyms(),
        grammar.ignored(),
        grammar.length());
  }
}
