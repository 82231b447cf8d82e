package glimt.training.clips;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.model.WordList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The possible scenes and their captions.
 *
 * @param subjects the subjects and their sprites
 * @param colours the background colours
 * @param motions the motions, including growth and rotation, each with its phrases
 * @param sizes the sizes and their words; a size with the word "" is not mentioned
 * @param phrasings caption templates with {subject}, {motion}, {colour} and {size}; {motion} is
 *     replaced by one of the motion's phrases
 * @param unsaid the fraction of captions without a motion, and of captions without a colour, so
 *     that prompts may omit them
 * @param synonyms other words for words of the vocabulary
 * @param ignored words without meaning
 * @param length the number of tokens of a caption
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

  /** A subject and the name of its sprite. */
  public record Subject(String word, String clip) {}

  /** A background colour and its word; red, green, blue in 0..255. */
  public record Background(String word, List<Integer> rgb) {}

  /**
   * A motion of the subject from the first frame to the last.
   *
   * @param word the word of the motion in the vocabulary
   * @param phrases the phrases for the motion in captions
   * @param x the horizontal direction: -1 for left, 0, or 1 for right
   * @param y the vertical direction: -1 for up, 0, or 1 for down
   * @param from the factor of the subject's extent in the first frame
   * @param to the factor of the subject's extent in the last frame
   * @param turns the number of clockwise rotations
   */
  public record Motion(
      @JsonProperty(required = true) String word,
      @JsonProperty(required = true) List<String> phrases,
      @JsonProperty(required = true) int x,
      @JsonProperty(required = true) int y,
      @JsonProperty(required = true) double from,
      @JsonProperty(required = true) double to,
      @JsonProperty(required = true) double turns) {}

  /**
   * A size and its word; {@code share} is the smallest fraction of the picture's width that the
   * subject takes.
   */
  public record SubjectSize(String word, double share) {}

  public Grammar {
    if (subjects.isEmpty() || colours.isEmpty() || motions.isEmpty() || sizes.isEmpty()) {
      throw new IllegalArgumentException("a grammar needs subjects, colours, motions and sizes");
    }
  }

  /** The vocabulary of networks that are trained on these scenes. */
  public WordList vocabulary() {
    List<String> words = new ArrayList<>();
    subjects.forEach(subject -> words.add(subject.word));
    colours.forEach(colour -> words.add(colour.word));
    motions.forEach(motion -> words.add(motion.word));
    sizes.stream().map(SubjectSize::word).filter(word -> !word.isEmpty()).forEach(words::add);
    return new WordList(words, synonyms, ignored, length);
  }

  /** Whether a combination is held out of training; one in ten is. */
  public boolean heldOut(int subject, int motion, int colour) {
    return (subject * 7 + motion * 3 + colour * 5 + (subject / 8) * (motion + 1) + colour * motion)
            % 10
        == 0;
  }

  /** Draws a scene of a training combination or of a held-out one. */
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

  /** Draws a scene of the given combination. */
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

  /** Draws a caption for a scene, which may omit its motion or colour. */
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
