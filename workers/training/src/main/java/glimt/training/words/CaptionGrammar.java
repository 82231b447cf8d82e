package glimt.training.words;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What can be seen, and the many ways in which captions say it. Some synonyms and some phrasings
 * are held out: no training caption contains them, so they measure whether a network understands
 * what it was never told.
 *
 * <p>A caption always names its subject. It may leave out colour and motion, which is written as
 * {@link #UNSAID}.
 *
 * @param subjects the subjects and their sprites
 * @param colours the background colours
 * @param motions the motions of clips, including growth and rotation
 * @param phrasings caption templates with {subject}, {colour}, {does} and {doing}; one without
 *     {colour} leaves the colour out, and one without {does} and {doing} the motion
 * @param heldOutPhrasings such templates that training never uses
 * @param uncountable names of subjects that take no article "a", such as "grapes"
 */
public record CaptionGrammar(
    @JsonProperty(required = true) List<Noun> subjects,
    @JsonProperty(required = true) List<ColourName> colours,
    @JsonProperty(required = true) List<Movement> motions,
    @JsonProperty(required = true) List<String> phrasings,
    @JsonProperty(required = true) List<String> heldOutPhrasings,
    @JsonProperty(required = true) Set<String> uncountable) {

  /** Stands for a colour or motion that a caption does not mention. */
  public static final int UNSAID = -1;

  /** The fraction of training captions that use the first name of a subject or colour. */
  private static final double FIRST_NAME = 0.4;

  /** The fraction of held-out captions that use a held-out synonym where there is one. */
  private static final double HELD_OUT_SYNONYM = 0.5;

  private static final Pattern VOWEL = Pattern.compile("(?!uni|ufo|eu|one)[aeiou].*|hour.*");

  /**
   * A subject.
   *
   * @param word its first name, by which people name it
   * @param sprite the code point of its sprite, such as {@code 1f433}
   * @param synonyms other names in training captions
   * @param heldOut names that training captions never contain. They were chosen among names that
   *     the sentence encoder places near the training names; of a name that it does not know, such
   *     as "aubergine", nothing but training can tell what it means.
   * @param read names that training captions never contain either, but that the bundle's lexicon
   *     finds as they are written; null for none
   */
  public record Noun(
      @JsonProperty(required = true) String word,
      @JsonProperty(required = true) String sprite,
      @JsonProperty(required = true) List<String> synonyms,
      @JsonProperty(required = true) List<String> heldOut,
      @Nullable List<String> read) {}

  /** A background colour, its red, green and blue in 0..255, and its names as of {@link Noun}. */
  public record ColourName(
      @JsonProperty(required = true) String word,
      @JsonProperty(required = true) List<Integer> rgb,
      @JsonProperty(required = true) List<String> synonyms,
      @JsonProperty(required = true) List<String> heldOut,
      @Nullable List<String> read) {}

  /**
   * A motion of the subject from the first frame to the last.
   *
   * @param word its name in figures
   * @param does phrases in the present, such as "moves left"
   * @param doing phrases in the continuous form, such as "moving left"
   * @param heldOutDoes phrases in the present that training captions never contain
   * @param heldOutDoing such phrases in the continuous form
   * @param x the horizontal direction: -1 for left, 0, or 1 for right
   * @param y the vertical direction: -1 for up, 0, or 1 for down
   * @param from the factor of the subject's extent in the first frame
   * @param to the factor of the subject's extent in the last frame
   * @param turns the number of clockwise rotations
   * @param swing what is repeated meanwhile; null for nothing
   */
  public record Movement(
      @JsonProperty(required = true) String word,
      @JsonProperty(required = true) List<String> does,
      @JsonProperty(required = true) List<String> doing,
      @JsonProperty(required = true) List<String> heldOutDoes,
      @JsonProperty(required = true) List<String> heldOutDoing,
      @JsonProperty(required = true) int x,
      @JsonProperty(required = true) int y,
      @JsonProperty(required = true) double from,
      @JsonProperty(required = true) double to,
      @JsonProperty(required = true) double turns,
      @Nullable Swing swing) {}

  /**
   * A movement to and fro, in halves of the picture's side.
   *
   * @param across how far to both sides
   * @param up how far upwards, from where it comes down again
   * @param turns how far it leans to both sides, in rotations
   * @param times how often in a clip: the swings to both sides, or the hops
   */
  public record Swing(
      @JsonProperty(required = true) double across,
      @JsonProperty(required = true) double up,
      @JsonProperty(required = true) double turns,
      @JsonProperty(required = true) double times) {}

  public CaptionGrammar {
    subjects = List.copyOf(subjects);
    colours = List.copyOf(colours);
    motions = List.copyOf(motions);
    phrasings = List.copyOf(phrasings);
    heldOutPhrasings = List.copyOf(heldOutPhrasings);
    uncountable = Set.copyOf(uncountable);
    Set<String> names = new HashSet<>();
    for (Noun noun : subjects) {
      distinct(names, noun.word, noun.synonyms, noun.heldOut, noun.read);
    }
    for (ColourName colour : colours) {
      distinct(names, colour.word, colour.synonyms, colour.heldOut, colour.read);
    }
    for (ColourName colour : colours) {
      if (colour.rgb.size() != 3 || colour.rgb.stream().anyMatch(c -> c < 0 || c > 255)) {
        throw new IllegalArgumentException(
            "colour %s needs red, green and blue in 0 to 255, not %s"
                .formatted(colour.word, colour.rgb));
      }
    }
    for (Movement motion : motions) {
      if (motion.does.isEmpty() || motion.doing.isEmpty()) {
        throw new IllegalArgumentException("motion %s needs phrases".formatted(motion.word));
      }
    }
    for (List<String> templates : List.of(phrasings, heldOutPhrasings)) {
      for (boolean colour : new boolean[] {false, true}) {
        for (boolean motion : new boolean[] {false, true}) {
          if ((motion && motions.isEmpty()) || (colour && colours.isEmpty())) {
            continue;
          }
          if (fitting(templates, colour, motion).isEmpty()) {
            throw new IllegalArgumentException(
                "there is no phrasing %s a colour and %s a motion"
                    .formatted(colour ? "with" : "without", motion ? "with" : "without"));
          }
        }
      }
    }
    for (String template : phrasings) {
      if (!template.contains("{subject}") || heldOutPhrasings.contains(template)) {
        throw new IllegalArgumentException(
            "the phrasing '%s' names no subject, or is held out too".formatted(template));
      }
    }
  }

  private static void distinct(
      Set<String> names,
      String word,
      List<String> synonyms,
      List<String> heldOut,
      @Nullable List<String> read) {
    List<String> all = new ArrayList<>(synonyms);
    all.addAll(Objects.requireNonNullElse(read, List.of()));
    all.add(word);
    all.addAll(heldOut);
    for (String name : all) {
      if (!names.add(name)) {
        throw new IllegalArgumentException("the name '%s' is given twice".formatted(name));
      }
    }
  }

  /** Whether a combination is held out of training; one in ten is. */
  public boolean heldOut(int subject, int colour) {
    return (subject * 7 + colour * 3 + subject / 10) % 10 == 0;
  }

  /**
   * Draws a training caption.
   *
   * @param colour the background, or {@link #UNSAID}
   * @param motion the motion, or {@link #UNSAID}
   */
  public String caption(int subject, int colour, int motion, RandomGenerator random) {
    List<String> fitting = fitting(phrasings, colour != UNSAID, motion != UNSAID);
    Noun noun = subjects.get(subject);
    return filled(
        any(fitting, random),
        name(noun.word, noun.synonyms, random),
        colour == UNSAID
            ? ""
            : name(colours.get(colour).word, colours.get(colour).synonyms, random),
        motion == UNSAID ? "" : any(motions.get(motion).does, random),
        motion == UNSAID ? "" : any(motions.get(motion).doing, random));
  }

  /**
   * Draws a caption that training never sees: its phrasing is held out, and so is each of its words
   * with probability {@value #HELD_OUT_SYNONYM}, if there is such a word.
   *
   * @param colour the background, or {@link #UNSAID}
   * @param motion the motion, or {@link #UNSAID}
   */
  public String heldOutCaption(int subject, int colour, int motion, RandomGenerator random) {
    List<String> fitting = fitting(heldOutPhrasings, colour != UNSAID, motion != UNSAID);
    Noun noun = subjects.get(subject);
    String template = any(fitting, random);
    String name = heldOutOr(noun.heldOut, List.of(noun.word), random);
    String ground = "";
    String does = "";
    String doing = "";
    if (colour != UNSAID) {
      ColourName said = colours.get(colour);
      ground = heldOutOr(said.heldOut, List.of(said.word), random);
    }
    if (motion != UNSAID) {
      Movement said = motions.get(motion);
      does = heldOutOr(said.heldOutDoes, said.does, random);
      doing = heldOutOr(said.heldOutDoing, said.doing, random);
    }
    return filled(template, name, ground, does, doing);
  }

  private static List<String> fitting(List<String> templates, boolean colour, boolean motion) {
    return templates.stream()
        .filter(template -> template.contains("{colour}") == colour)
        .filter(template -> template.contains("{do") == motion)
        .toList();
  }

  private String filled(String template, String name, String colour, String does, String doing) {
    return template
        .replace("a {subject}", withArticle(name))
        .replace("{subject}", name)
        .replace("a {colour}", article(colour))
        .replace("{colour}", colour)
        .replace("{does}", does)
        .replace("{doing}", doing);
  }

  /** A name with its article, if it takes one. */
  public String withArticle(String name) {
    return uncountable.contains(name) ? name : article(name);
  }

  private static String article(String word) {
    return (VOWEL.matcher(word).matches() ? "an " : "a ") + word;
  }

  private static String name(String word, List<String> synonyms, RandomGenerator random) {
    boolean first = synonyms.isEmpty() || random.nextDouble() < FIRST_NAME;
    return first ? word : any(synonyms, random);
  }

  private static String heldOutOr(
      List<String> heldOut, List<String> otherwise, RandomGenerator random) {
    boolean held = !heldOut.isEmpty() && random.nextDouble() < HELD_OUT_SYNONYM;
    return any(held ? heldOut : otherwise, random);
  }

  private static String any(List<String> list, RandomGenerator random) {
    return list.get(random.nextInt(list.size()));
  }
}
