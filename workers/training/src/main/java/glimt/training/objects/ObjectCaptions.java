package glimt.training.objects;

import glimt.training.words.CaptionEncoder;
import glimt.training.words.CaptionGrammar;
import glimt.training.words.CaptionStates;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * The encoded captions of training: a fixed number for every name that an object of the data has,
 * in every colour and in none.
 */
final class ObjectCaptions {
  private static final long SEED = 12;

  private final ObjectWords words;
  private final CaptionStates states;

  /** The place of the first caption of each subject of the grammar that occurs. */
  private final Map<Integer, Integer> first;

  private ObjectCaptions(ObjectWords words, CaptionStates states, Map<Integer, Integer> first) {
    this.words = words;
    this.states = states;
    this.first = first;
  }

  /** Draws and encodes the captions. */
  static ObjectCaptions of(ObjectClouds objects, CaptionEncoder encoder) {
    ObjectWords words = objects.words();
    CaptionGrammar grammar = words.grammar();
    RandomGenerator random = new SplittableRandom(SEED);
    List<String> captions = new ArrayList<>();
    Map<Integer, Integer> first = new HashMap<>();
    objects.trained().stream()
        .flatMap(item -> item.names(words).stream())
        .sorted()
        .distinct()
        .forEach(
            subject -> {
              first.put(subject, captions.size());
              for (int colour = CaptionGrammar.UNSAID; colour < words.colours().size(); colour++) {
                for (int i = 0; i < words.captions(); i++) {
                  captions.add(grammar.caption(subject, colour, CaptionGrammar.UNSAID, random));
                }
              }
            });
    return new ObjectCaptions(words, CaptionStates.of(encoder, captions), first);
  }

  /** Draws one of the captions of a cloud; the result is a place for {@link #states}. */
  int draw(CaptionedCloud cloud, RandomGenerator random) {
    Integer from = first.get(cloud.subject());
    if (from == null) {
      throw new IllegalStateException("no caption of training names subject " + cloud.subject());
    }
    return from + (cloud.colour() + 1) * words.captions() + random.nextInt(words.captions());
  }

  /**
   * The states of captions, with noise.
   *
   * @return row-major [captions, {@link CaptionEncoder#LENGTH}, {@link CaptionEncoder#WIDTH}]
   */
  float[] states(int[] captions, RandomGenerator random) {
    float[] said = states.states(captions);
    if (words.wordNoise() > 0) {
      CaptionStates.disturb(said, words.wordNoise(), random);
    }
    return said;
  }
}
