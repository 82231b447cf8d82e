package glimt.training.clips;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.model.WordList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * What a scene can be, and how it is said.
 *
 * @param subjects words and the clips they stand for
 * @param colours backgrounds: red, green, blue in 0..255
 * @param motions ways to go, to grow and to turn, each with its phrases
 * @param sizes words and the share of the picture's width that a subject takes at least; the word
 *     "" goes unsaid
 * @param phrasings captions with {subject}, {motion}, {colour} and {size}; {motion} becomes one of
 *     the motion's phrases
 * @param unsaid share of captions that say nothing of the motion, and of those that say nothing of
 *     the colour, so that a prompt may leave them open
 * @param synonyms other words for the same
 * @param ignored words that carry nothing
 * @param length words a network reads
 */
public record Grammar(
    @JsonProperty(required = true) List<Subject> subjects,
    @JsonProperty(required = true) List<Background> colours,
    @JsonProperty(required = true) List<Motion> motions,
    @JsonProperty(required = true) List<SubjectSize> sizes,
    @JsonProperty(required = true) List<String> phrasings,
    @JsonProperty(required = true) double unsaid,
    @JsonProperty(required = true) Map<String, List<String>> synonyms,
    @JsonProperty(required = true) Set<String> ignored,
    @JsonProperty(required = true) int length) {

  /** A subject and the name of the animation that shows it. */
  public record Subject(String word, String clip) {}

  /** A background and the word for it: red, green, blue in 0..255. */
  public record Background(String word, List<Integer> rgb) {}

  /**
   * What becomes of the subject from the first frame to the last.
   *
   * @param x where it goes: -1 left, 0, 1 right
   * @param y where it goes: -1 up, 0, 1 down
   * @param from its extent in the first frame, as a share of what it takes otherwise
   * @param to its extent in the last frame
   * @param turns how often it turns, clockwise
   */
  public record Motion(
      @JsonProperty(required = true) String word,
      @JsonProperty(required = true) List<String> phrases,
      @JsonProperty(required = true) int x,
      @JsonProperty(required = true) int y,
      @JsonProperty(required = true) double from,
      @JsonProperty(required = true) double to,
      @JsonProperty(required = true) double turns) {}

  /** How large a subject is and the word for it. */
  public record SubjectSize(String word, double share) {}

  public Grammar {
    if (subjects.isEmpty() || colours.isEmpty() || motions.isEmpty() || sizes.isEmpty()) {
      throw new IllegalArgumentException("a grammar needs subjects, colours, motions and sizes");
    }
  }

  /** The words that networks trained on these scenes know. */
  public WordList vocabulary() {
    List<String> words = new ArrayList<>();
    subjects.forEach(subject -> words.add(subject.word));
    colours.forEach(colour -> words.add(colour.word));
    motions.forEach(motion -> words.add(motion.word));
    sizes.stream().map(SubjectSize::word).filter(word -> !word.isEmpty()).forEach(words::add);
    return new WordList(words, synonyms, ignored, length);
  }

  /** One combination in ten is never trained on. */
  public boolean heldOut(int subject, int motion, int colour) {
    return (subject * 7 + motion * 3 + colour * 5 + (subject / 8) * (motion + 1) + colour * motion)
            % 10
        == 0;
  }

  /** A scene to train on, or one that is held out. */
  public Scene scene(boolean heldOut, RandomGenerator random) {
    while (true) {
      int subject = random.nextInt(subjects.size());
      int motion = random.nextInt(motions.size());
      int colour = random.nextInt(colours.size());
      if (heldOut(subject, motion, colour) == heldOut) {
        return scene(subject, motion, colour, random);
      }
    }
  }

  /** A scene of this combination, all else drawn. */
  public Scene scene(int subject, int motion, int colour, RandomGenerator random) {
    int size = random.nextInt(sizes.size());
    float[] background = new float[3];
    for (int c = 0; c < 3; c++) {
      double shade = colours.get(colour).rgb.get(c) + random.nextGaussian(0, 6);
      background[c] = (float) (Math.clamp(shade, 0, 255) / 255);
    }
    return new Scene(
        subject,
        motion,
        colour,
        size,
        sizes.get(size).share + random.nextDouble(0.08),
        random.nextDouble(-0.16, 0.16),
        random.nextDouble(-0.16, 0.16),
        random.nextDouble(0.8, 1.05),
        random.nextDouble(),
        background[0],
        background[1],
        background[2]);
  }

  /** The scene said in one of the phrasings, whole or with a part left open. */
  public String caption(Scene scene, RandomGenerator random) {
    List<String> phrases = motions.get(scene.motion()).phrases;
    String motion = phrases.get(random.nextInt(phrases.size()));
    return phrasings
        .get(random.nextInt(phrasings.size()))
        .replace("{subject}", subjects.get(scene.subject()).word)
        .replace("{motion}", random.nextDouble() < unsaid ? "" : motion)
        .replace("{colour}", random.nextDouble() < unsaid ? "" : colours.get(scene.colour()).word)
        .replace("{size}", sizes.get(scene.size()).word)
        .replaceAll(" +", " ")
        .strip();
  }
}
