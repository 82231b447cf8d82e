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
 * How the objects' file names become captions: part of the recipe of the bundle {@code objects}.
 *
 * @param classes the first one whose pattern is found in {@code pack|name} is an object's class
 * @param states fragments of a file name that say how an object looks, and the word for it
 * @param measured names of the classes that an evaluation asks for
 * @param shown prompts of its contact sheet
 * @param synonyms other words for those of classes, states and colours
 * @param ignored words that mean nothing here
 * @param length most words of a caption
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
   * @param name what a prompt calls it, one or more words
   * @param of pattern of {@code pack|name}
   * @param round whether it may be turned about its upright axis without looking wrong
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
   * What a file name says.
   *
   * @param ofClass index into {@link #classes}
   * @param states words for how it looks
   * @param family what is left of the name without them
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
      throw new IllegalArgumentException("the recipe names no classes: the vocabulary is empty");
    }
    if (!names.containsAll(measured)) {
      throw new IllegalArgumentException(
          "not all of the measured %s are among %s".formatted(measured, names));
    }
  }

  /** What a file name says of its object; empty if no class matches it. */
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

  /** Every word of a caption: those of classes, then states, then colours. */
  public WordList vocabulary() {
    Set<String> words = new LinkedHashSet<>();
    classes.forEach(one -> words.addAll(one.words()));
    words.addAll(states.values());
    for (Colour colour : Colour.values()) {
      words.add(colour.word());
    }
    return new WordList(List.copyOf(words), synonyms, ignored, length);
  }

  /** The classes that an evaluation asks for, as indices into {@link #classes}. */
  public List<Integer> measuredClasses() {
    List<String> names = classes.stream().map(ObjectClass::name).toList();
    return measured.stream().map(names::indexOf).toList();
  }
}
