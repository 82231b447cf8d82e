package glimt.training.objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.training.words.CaptionGrammar;
import glimt.training.words.CaptionGrammar.ColourName;
import glimt.training.words.CaptionGrammar.Noun;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Derives what objects are called from their file names; part of the recipe of the bundle {@code
 * objects}.
 *
 * @param classes the classes; an object belongs to the first one whose pattern occurs in {@code
 *     pack|name}
 * @param kinds narrower names, such as "shark" for a fish; an object is of the first kind whose
 *     pattern occurs
 * @param states fragments of file names that describe the appearance of an object, and their words
 * @param shown the prompts of the contact sheet
 * @param phrasings caption templates, as of {@link CaptionGrammar}
 * @param heldOutPhrasings such templates that training never uses
 * @param colours the names of the colours of {@link glimt.points.Colour}, in its order
 * @param uncountable names that take no article "a"
 * @param captions the number of captions of a name in a colour that are encoded for training
 * @param wordNoise the standard deviation of noise on the states of a caption's words in training,
 *     as a fraction of their root mean square
 */
public record ObjectWords(
    @JsonProperty(required = true) List<ObjectClass> classes,
    @JsonProperty(required = true) List<ObjectKind> kinds,
    @JsonProperty(required = true) Map<String, String> states,
    @JsonProperty(required = true) List<String> shown,
    @JsonProperty(required = true) List<String> phrasings,
    @JsonProperty(required = true) List<String> heldOutPhrasings,
    @JsonProperty(required = true) List<ColourName> colours,
    @JsonProperty(required = true) Set<String> uncountable,
    @JsonProperty(required = true) int captions,
    @JsonProperty(required = true) double wordNoise) {

  /**
   * A class of objects.
   *
   * @param name its name in prompts, one or more words
   * @param of the pattern for {@code pack|name}
   * @param round whether its objects look natural in any rotation around the y axis
   * @param weight how many times as often as others of so many objects it is drawn in training
   * @param synonyms other names in training captions
   * @param heldOut names that training captions never contain
   * @param read names that only the bundle's lexicon finds, as they are written; null for none
   */
  public record ObjectClass(
      @JsonProperty(required = true) String name,
      @JsonProperty(required = true) Pattern of,
      @JsonProperty(required = true) boolean round,
      @JsonProperty(required = true) double weight,
      @JsonProperty(required = true) List<String> synonyms,
      @JsonProperty(required = true) List<String> heldOut,
      @Nullable List<String> read) {}

  /**
   * A narrower name than that of a class.
   *
   * @param of the pattern for {@code pack|name}
   * @param word the name
   * @param synonyms other names in training captions
   * @param heldOut names that training captions never contain
   * @param read names that only the bundle's lexicon finds, as they are written; null for none
   */
  public record ObjectKind(
      @JsonProperty(required = true) Pattern of,
      @JsonProperty(required = true) String word,
      @JsonProperty(required = true) List<String> synonyms,
      @JsonProperty(required = true) List<String> heldOut,
      @Nullable List<String> read) {}

  /**
   * The information in a file name.
   *
   * @param ofClass the index into {@link #classes}
   * @param states the words for its appearance
   * @param family the name without the fragments of its states
   * @param kind the index into {@link #kinds}, or -1
   */
  public record Meaning(int ofClass, List<String> states, String family, int kind) {}

  public ObjectWords {
    classes = List.copyOf(classes);
    kinds = List.copyOf(kinds);
    states = Collections.unmodifiableMap(new LinkedHashMap<>(states));
    shown = List.copyOf(shown);
    phrasings = List.copyOf(phrasings);
    heldOutPhrasings = List.copyOf(heldOutPhrasings);
    colours = List.copyOf(colours);
    uncountable = Set.copyOf(uncountable);
    if (classes.isEmpty()) {
      throw new IllegalArgumentException("the recipe has no classes, so captions have no words");
    }
    if (captions < 1 || !(wordNoise >= 0 && wordNoise <= 1)) {
      throw new IllegalArgumentException(
          "captions must be 1 or more and wordNoise from 0 to 1, not %s and %s"
              .formatted(captions, wordNoise));
    }
    List<String> known = colours.stream().map(ColourName::word).toList();
    List<String> wanted =
        java.util.Arrays.stream(glimt.points.Colour.values())
            .map(glimt.points.Colour::word)
            .toList();
    if (!known.equals(wanted)) {
      throw new IllegalArgumentException(
          "the colours must be %s in this order, not %s".formatted(wanted, known));
    }
  }

  /** Interprets a file name; empty if no class matches. */
  public Optional<Meaning> read(String pack, String name) {
    String path = pack + "|" + name;
    for (int i = 0; i < classes.size(); i++) {
      if (classes.get(i).of().matcher(path).find()) {
        List<String> said = new ArrayList<>();
        String family = path.toLowerCase(Locale.ROOT);
        for (var state : states.entrySet()) {
          if (family.contains(state.getKey())) {
            said.add(state.getValue());
            family = family.replaceAll("_?" + Pattern.quote(state.getKey()), "");
          }
        }
        return Optional.of(new Meaning(i, List.copyOf(said), family, kind(path)));
      }
    }
    return Optional.empty();
  }

  private int kind(String path) {
    for (int i = 0; i < kinds.size(); i++) {
      if (kinds.get(i).of().matcher(path).find()) {
        return i;
      }
    }
    return -1;
  }

  /**
   * The grammar of the captions. Its subjects are the classes, then the kinds, then every class in
   * every state: {@link #named} finds them.
   */
  public CaptionGrammar grammar() {
    List<Noun> nouns = new ArrayList<>();
    for (ObjectClass one : classes) {
      nouns.add(new Noun(one.name, "", one.synonyms, one.heldOut, one.read));
    }
    for (ObjectKind kind : kinds) {
      nouns.add(new Noun(kind.word, "", kind.synonyms, kind.heldOut, kind.read));
    }
    for (String state : states.values()) {
      for (ObjectClass one : classes) {
        List<String> others = one.synonyms.stream().map(name -> state + " " + name).toList();
        nouns.add(new Noun(state + " " + one.name, "", others, List.of(), null));
      }
    }
    return new CaptionGrammar(nouns, colours, List.of(), phrasings, heldOutPhrasings, uncountable);
  }

  /** The subject of {@link #grammar} for a kind. */
  int ofKind(int kind) {
    return classes.size() + kind;
  }

  /** The subject of {@link #grammar} for a class in a state, or in none if it is empty. */
  int named(int ofClass, Optional<String> state) {
    int place = state.map(List.copyOf(states.values())::indexOf).orElse(-1);
    return place < 0 ? ofClass : classes.size() * (1 + place) + kinds.size() + ofClass;
  }
}
