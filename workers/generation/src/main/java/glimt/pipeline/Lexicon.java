package glimt.pipeline;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The names of what a bundle can make, with the meanings that its text encoder gives them. Networks
 * that were taught captions of some hundred names understand those and few others; the encoder
 * knows that a puppy is a dog. So a prompt with words that no caption had is put into the names
 * that are nearest in meaning, by the cosine of pooled token states (Reimers and Gurevych 2019,
 * "Sentence-BERT"), and the networks read a sentence such as they were taught.
 */
public final class Lexicon {
  /**
   * What is in the lexicon's file.
   *
   * @param kinds the kinds of things that a caption names, in the order in which a sentence says
   *     them, adjectives apart; without a thing of the first kind no sentence is made
   * @param others words of captions that name nothing, such as "picture", and whole names that are
   *     none of the things, such as "point cloud"
   * @param small words without a meaning of their own, such as "the"
   */
  public record NameList(
      @JsonProperty(required = true) List<NameKind> kinds,
      @JsonProperty(required = true) List<String> others,
      @JsonProperty(required = true) Set<String> small) {
    public NameList {
      kinds = List.copyOf(kinds);
      others = List.copyOf(others);
      small = Set.copyOf(small);
      if (kinds.isEmpty()) {
        throw new IllegalArgumentException("a lexicon needs a kind of names");
      }
    }
  }

  /**
   * A kind of things, such as subjects.
   *
   * @param name what it is called, and the name of its tensor of meanings
   * @param templates texts with %s, in which a name's meaning is taken; the mean of all counts
   * @param least the least cosine of two meanings that are taken for one, in -1..1
   * @param longest the most words of a name that is looked for by its meaning
   * @param oldWords whether known words can form an unknown name, such as "goes round and round"
   * @param modified whether an unknown word before a known name belongs to it, as in "navy blue"
   * @param compound whether the last of known names side by side counts, as in "stone pillar"; null
   *     for no
   * @param adjective whether a sentence says it between the article and the name of the first kind;
   *     null for no
   * @param things the things and their names
   */
  public record NameKind(
      @JsonProperty(required = true) String name,
      @JsonProperty(required = true) List<String> templates,
      @JsonProperty(required = true) double least,
      @JsonProperty(required = true) int longest,
      @JsonProperty(required = true) boolean oldWords,
      @JsonProperty(required = true) boolean modified,
      @Nullable Boolean compound,
      @Nullable Boolean adjective,
      @JsonProperty(required = true) List<NamedThing> things) {
    public NameKind {
      templates = List.copyOf(templates);
      things = List.copyOf(things);
    }

    boolean isCompound() {
      return Boolean.TRUE.equals(compound);
    }

    boolean isAdjective() {
      return Boolean.TRUE.equals(adjective);
    }

    /** The names of captions, in the order of their rows in the tensor of meanings. */
    public List<String> names() {
      return things.stream().flatMap(thing -> thing.names.stream()).toList();
    }
  }

  /**
   * Something that can be made.
   *
   * @param said what a sentence says of it, such as "on a blue background"
   * @param names its names in the captions of training
   * @param more names that no caption had. They are found as they are written only: among names
   *     that are compared by meaning, rare ones would draw others to them
   */
  public record NamedThing(
      @JsonProperty(required = true) String said,
      @JsonProperty(required = true) List<String> names,
      @JsonProperty(required = true) List<String> more) {
    public NamedThing {
      names = List.copyOf(names);
      more = List.copyOf(more);
    }
  }

  /** Gives the meaning of each text, a vector of length 1. */
  @FunctionalInterface
  public interface Meanings {
    /** The meanings in the order of the texts. */
    List<float[]> of(List<String> texts);

    /** The meanings of phrases in the templates of a kind: the mean of all, of length 1. */
    default List<float[]> of(NameKind kind, List<String> phrases) {
      List<float[]> sums = new ArrayList<>();
      for (String template : kind.templates()) {
        List<float[]> each =
            of(phrases.stream().map(phrase -> template.replace("%s", phrase)).toList());
        for (int i = 0; i < each.size(); i++) {
          if (sums.size() <= i) {
            sums.add(each.get(i).clone());
          } else {
            add(sums.get(i), each.get(i));
          }
        }
      }
      sums.forEach(Lexicon::normalise);
      return sums;
    }
  }

  /** A name and what a sentence says of its thing. */
  record LexiconName(String name, String said) {}

  private final NameList contents;
  private final Map<NameKind, List<LexiconName>> entries = new HashMap<>();
  private final Map<NameKind, List<float[]>> meant = new HashMap<>();
  private final Map<NameKind, List<float[]>> others = new HashMap<>();
  private final Set<String> known = new HashSet<>();
  private final List<List<String>> distractors = new ArrayList<>();

  private Lexicon(NameList contents, Safetensors meanings) {
    this.contents = contents;
    known.addAll(contents.small);
    for (String other : contents.others) {
      List<String> words = PromptWords.of(other);
      if (words.size() == 1) {
        known.addAll(words);
      } else {
        distractors.add(words);
      }
    }
    for (NameKind kind : contents.kinds) {
      List<LexiconName> list = new ArrayList<>();
      for (NamedThing thing : kind.things) {
        thing.names.forEach(name -> list.add(new LexiconName(name, thing.said)));
      }
      list.forEach(entry -> known.addAll(PromptWords.of(entry.name)));
      for (NamedThing thing : kind.things) {
        thing.more.forEach(name -> list.add(new LexiconName(name, thing.said)));
      }
      entries.put(kind, list);
      meant.put(kind, rows(meanings, kind.name, kind.names().size()));
      others.put(kind, rows(meanings, others(kind), contents.others.size()));
    }
  }

  /**
   * Opens a lexicon.
   *
   * @param stem the stem of its files
   * @param text reads a file's text by its name
   * @param tensors reads a file's tensors by its name
   * @throws BundleException if the files are invalid or do not belong together
   */
  public static Lexicon of(
      String stem, Function<String, String> text, Function<String, Safetensors> tensors) {
    try {
      return new Lexicon(
          Json.read(text.apply(stem + ".json"), NameList.class),
          tensors.apply(stem + ".safetensors"));
    } catch (IllegalArgumentException broken) {
      throw new BundleException(
          "the lexicon %s.json is invalid: %s".formatted(stem, broken.getMessage()), broken);
    }
  }

  /** The meanings of all names and other words as the file of tensors holds them. */
  public static Safetensors tensors(NameList contents, Meanings meanings) {
    Map<String, Safetensors.Tensor> tensors = new HashMap<>();
    for (NameKind kind : contents.kinds) {
      tensors.put(kind.name, tensor(meanings.of(kind, kind.names())));
      tensors.put(others(kind), tensor(meanings.of(kind, contents.others)));
    }
    return new Safetensors(tensors);
  }

  private static String others(NameKind kind) {
    return kind.name + ".others";
  }

  private static Safetensors.Tensor tensor(List<float[]> rows) {
    int width = rows.getFirst().length;
    float[] values = new float[rows.size() * width];
    for (int row = 0; row < rows.size(); row++) {
      System.arraycopy(rows.get(row), 0, values, row * width, width);
    }
    return Safetensors.Tensor.of(values, rows.size(), width).as(Safetensors.Dtype.BF16);
  }

  private static List<float[]> rows(Safetensors tensors, String name, int count) {
    Safetensors.Tensor tensor = tensors.tensors().get(name);
    if (tensor == null || tensor.shape().size() != 2 || tensor.shape().getFirst() != count) {
      throw new IllegalArgumentException(
          "its tensors need %s rows of %s, not %s"
              .formatted(count, name, tensor == null ? "none" : tensor.shape()));
    }
    float[] values = tensor.floats();
    int width = values.length / Math.max(1, count);
    List<float[]> rows = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      float[] meaning = Arrays.copyOfRange(values, row * width, (row + 1) * width);
      normalise(meaning);
      rows.add(meaning);
    }
    return rows;
  }

  /**
   * Reads a prompt.
   *
   * @param meanings asked only if the prompt has words that are not known
   */
  public Understood read(String prompt, Meanings meanings) {
    return new PromptWords(this, prompt).read(meanings);
  }

  List<NameKind> kinds() {
    return contents.kinds;
  }

  /** Whether a word is in some name or caption. */
  boolean knows(String word) {
    return known.contains(word);
  }

  /** Whether a word has no meaning of its own. */
  boolean small(String word) {
    return contents.small.contains(word);
  }

  /** The words of each name that is none of the things. */
  List<List<String>> distractors() {
    return distractors;
  }

  /** All names of a kind; first those of captions. */
  List<LexiconName> entries(NameKind kind) {
    return Objects.requireNonNull(entries.get(kind), "every kind has entries");
  }

  /** The meanings of the names of captions. */
  List<float[]> meant(NameKind kind) {
    return Objects.requireNonNull(meant.get(kind), "every kind has meanings");
  }

  /** The cosine of a meaning and the nearest of the words that name nothing. */
  double nearestOther(NameKind kind, float[] meaning) {
    return Objects.requireNonNull(others.get(kind), "every kind has others").stream()
        .mapToDouble(other -> dot(other, meaning))
        .max()
        .orElse(-1);
  }

  static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void add(float[] sum, float[] value) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += value[i];
    }
  }

  static void normalise(float[] vector) {
    double length = Math.sqrt(dot(vector, vector));
    for (int i = 0; i < vector.length && length > 0; i++) {
      vector[i] = (float) (vector[i] / length);
    }
  }
}
