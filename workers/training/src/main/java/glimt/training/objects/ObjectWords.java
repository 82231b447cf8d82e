package glimt.training.objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.model.WordList;
import glimt.points.Colour;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Derives captions from the file names of objects; part of the recipe of the bundle {@code
 * objects}.
 *
 * @param classes the classes; an object belongs to the first one whose pattern occurs in {@code
 *     pack|name}
 * @param states fragments of file names that describe the appearance of an object, and their words
 * @param measured a selection of class names; {@link ObjectAssessor} measures all classes
 * @param shown the prompts of the contact sheet
 * @param synonyms other words for words of classes, states and colours
 * @param ignored words without meaning
 * @param length the largest number of words of a caption
 */
public record ObjectWords(
    @JsonProperty(required = true) List<ObjectClass> classes,
    @JsonProperty(required = true) Map<String, String> states,
    @JsonProperty(required = true) List<String> measured,
    @JsonProperty(required = true) List<String> shown,
    @JsonProperty(required = true) Map<String, List<String>> synonyms,
    @JsonProperty(required = true) Set<String> ignored,
    @JsonProperty(required = true) int length) {

  /**
   * A class of objects.
   *
   * @param name its name in prompts, one or more words
   * @param of the pattern for {@code pack|name}
   * @param round whether its objects look natural in any rotation around the y axis
   */
  public record ObjectClass(
      @JsonProperty(required = true) String name,
      @JsonProperty(required = true) Pattern of,
      @JsonProperty(required = true) boolean round) {
    /** The words of its name. */
    public List<String> words() {
      return List.of(name.split(" "));
    }
  }

  /**
   * The information in a file name.
   *
   * @param ofClass the index into {@link #classes}
   * @param states the words for its appearance
   * @param family the name without the fragments of its states
   */
  public record Meaning(int ofClass, List<String> states, String family) {}

  public ObjectWords {
    classes = List.copyOf(classes);
    states = Collections.unmodifiableMap(new LinkedHashMap<>(states));
    measured = List.copyOf(measured);
    shown = List.copyOf(shown);
    synonyms = Collections.unmodifiableMap(new LinkedHashMap<>(synonyms));
    ignored = Collections.unmodifiableSet(new LinkedHashSet<>(ignored));
    List<String> names = classes.stream().map(ObjectClass::name).toList();
    if (names.isEmpty()) {
      throw new IllegalArgumentException("the recipe has no classes, so the vocabulary is empty");
    }
    if (!names.containsAll(measured)) {
      throw new IllegalArgumentException(
          "the measured classes %s must be among the classes %s".formatted(measured, names));
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
        return Optional.of(new Meaning(i, List.copyOf(said), family));
      }
    }
    return Optional.empty();
  }

  /** The vocabulary of captions: the words of classes, states and colours, in this order. */
  public WordList vocabulary() {
    Set<String> words = new LinkedHashSet<>();
    classes.forEach(one -> words.addAll(one.words()));
    words.addAll(states.values());
    for (Colour colour : Colour.values()) {
      words.add(colour.word());
    }
    return new WordList(List.copyOf(words), synonyms, ignored, length);
  }

  /** The classes of {@link #measured} as indices into {@link #classes}. */
  public List<Integer> measuredClasses() {
    List<String> names = classes.stream().map(ObjectClass::name).toList();
    return measured.stream().map(names::indexOf).toList();
  }
}
