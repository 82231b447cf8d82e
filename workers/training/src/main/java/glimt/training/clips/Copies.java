package glimt.training.clips;

import glimt.model.Level;
import glimt.model.WordList;
import glimt.training.evaluation.Prompt;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A baseline that only copies training data: for each prompt it returns the training clip, from a
 * random selection, whose caption is most similar.
 */
final class Copies {
  private static final int KNOWN = 4096;
  private static final long SEED = 6;

  private record Known(Set<Integer> words, Scene scene) {}

  private final Ladder ladder;
  private final Level level;
  private final WordList vocabulary;
  private final List<Known> known = new ArrayList<>();

  Copies(Grammar grammar, Ladder ladder, Level level) {
    this.ladder = ladder;
    this.level = level;
    this.vocabulary = grammar.vocabulary();
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < KNOWN; i++) {
      Scene scene = grammar.scene(false, random);
      known.add(new Known(words(grammar.caption(scene, random)), scene));
    }
  }

  /** A copy for each prompt, in the format of {@link ClipJudge#keys}. */
  List<float[]> of(List<Prompt<Scene>> asked) {
    return asked.stream().map(one -> ladder.keys(nearest(one), level)).toList();
  }

  /** The training scene whose caption is most similar to a prompt. */
  Scene nearest(Prompt<Scene> asked) {
    Set<Integer> wanted = words(asked.text());
    Known best = known.getFirst();
    for (Known one : known) {
      if (likeness(one.words, wanted) > likeness(best.words, wanted)) {
        best = one;
      }
    }
    return best.scene;
  }

  /** The Jaccard index: the number of shared words divided by that of all words. */
  private static double likeness(Set<Integer> a, Set<Integer> b) {
    Set<Integer> shared = new HashSet<>(a);
    shared.retainAll(b);
    return (double) shared.size() / (a.size() + b.size() - shared.size());
  }

  private Set<Integer> words(String caption) {
    Set<Integer> words = new HashSet<>(vocabulary.read(caption).tokens());
    words.remove(0);
    return words;
  }
}
