package glimt.json;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.cfg.MapperConfig;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobInput;
import glimt.job.JobSpec;
import glimt.job.LevelRange;
import glimt.job.Outcome;
import glimt.job.SamplingOptions;
import glimt.job.TaskId;
import glimt.job.TenantId;
import glimt.job.Work;
import glimt.job.WorkerId;
import glimt.model.BelowNoising;
import glimt.model.BytePair;
import glimt.model.ClassNames;
import glimt.model.EarlyEnd;
import glimt.model.Encoder;
import glimt.model.FirstFrame;
import glimt.model.Level;
import glimt.model.NoPrompt;
import glimt.model.PromptReader;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import glimt.model.Unigram;
import glimt.model.WordList;
import glimt.model.WordPiece;
import java.io.IOException;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the domain types as JSON. The ledger, {@code bundle.json} and the wire use the
 * same form, and {@code glimt.job} needs no annotations for it. Fields are named after the record
 * components, enums are in lower case, ids are plain strings or numbers, and times are ISO 8601.
 * Sealed types (readers, schedules, thresholds, work, facts and outcomes) carry their kind in the
 * field {@code type}.
 *
 * <p>Reading is strict, so that a typing mistake is reported rather than ignored: it refuses
 * unknown, missing, duplicate and null fields, text in place of a number, fractions in place of
 * whole numbers, and infinite numbers, and names the field.
 */
public final class Json {
  private static final int DEPTH_LIMIT = 64;
  private static final int TEXT_LIMIT = 1 << 20;

  /** The mix-in with the Jackson annotations of each sealed type. */
  private static final Map<Class<?>, Class<?>> SEALED =
      Map.of(
          PromptReader.class, ReaderTypes.class,
          Schedule.class, ScheduleTypes.class,
          Thresholds.class, ThresholdTypes.class,
          Work.class, WorkTypes.class,
          JobEvent.Fact.class, FactTypes.class,
          Outcome.class, OutcomeTypes.class);

  /**
   * The mix-in of each type with components that came later: they are not written while they are
   * null, so that digests of what was there before stay as they were.
   */
  private static final Map<Class<?>, Class<?>> GROWN =
      Map.of(
          JobInput.class, GrownInput.class,
          JobSpec.class, GrownSpec.class,
          SamplingOptions.class, GrownOptions.class,
          Level.class, GrownLevel.class,
          Encoder.class, GrownByLexicon.class,
          Work.Encode.class, GrownByLexicon.class,
          Sampling.class, GrownSampling.class,
          JobEvent.LevelFinished.class, GrownLevelFinished.class);

  private static final ObjectMapper MAPPER = build();

  private Json() {}

  /** Returns the shared mapper, which callers must not reconfigure. */
  public static ObjectMapper mapper() {
    return MAPPER;
  }

  /**
   * Writes a value as compact JSON.
   *
   * @throws IllegalArgumentException if the value has no JSON form
   */
  public static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + value.getClass(), e);
    }
  }

  /** Writes a value as {@link #write} does, but indented and ending in a line break. */
  public static String pretty(Object value) {
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + value.getClass(), e);
    }
  }

  /**
   * Reads a value, which may be of an older version if {@link Upgrade} knows how to restate it.
   *
   * @throws InvalidSpec if the text is not JSON, or is not the JSON of a {@code type}; the
   *     exception names the field
   */
  public static <T> T read(String json, Class<T> type) {
    T value;
    try {
      value =
          Upgrade.concerns(type)
              ? MAPPER.treeToValue(Upgrade.today(MAPPER.readTree(json), type), type)
              : MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw refusal(e);
    }
    if (value == null) {
      throw new InvalidSpec("", "must not be null");
    }
    return value;
  }

  /**
   * Translates a Jackson error into the field and the mistake. It also serves callers that parse
   * with {@link #mapper()} themselves.
   */
  public static InvalidSpec refusal(JsonProcessingException e) {
    return Refusal.of(e, SEALED);
  }

  private static ObjectMapper build() {
    JsonFactory factory =
        JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_LIMIT)
                    .maxStringLength(TEXT_LIMIT)
                    .build())
            .build();
    JsonMapper.Builder builder = JsonMapper.builder(factory);
    SEALED.forEach(builder::addMixIn);
    GROWN.forEach(builder::addMixIn);
    return builder
        .addModules(new Jdk8Module(), new JavaTimeModule(), plainValues())
        .annotationIntrospector(new Components())
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .withCoercionConfig(
            LogicalType.Textual,
            text ->
                text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
        .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
        // Map.copyOf iterates in a different order in each process, and digests need one order.
        .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
        .build();
  }

  private static SimpleModule plainValues() {
    SimpleModule module = new SimpleModule("plain values");
    text(module, JobId.class, JobId::toString, JobId::parse);
    text(module, ArtifactId.class, ArtifactId::sha256, ArtifactId::new);
    text(module, TenantId.class, TenantId::value, TenantId::new);
    text(module, WorkerId.class, WorkerId::value, WorkerId::new);
    module.addSerializer(
        TaskId.class,
        new JsonSerializer<TaskId>() {
          @Override
          public void serialize(TaskId id, JsonGenerator out, SerializerProvider provider)
              throws IOException {
            out.writeNumber(id.value());
          }
        });
    module.addDeserializer(
        TaskId.class,
        new JsonDeserializer<TaskId>() {
          @Override
          public TaskId deserialize(JsonParser in, DeserializationContext context)
              throws IOException {
            return new TaskId(context.readValue(in, Long.class));
          }
        });
    module.addDeserializer(Double.class, new FiniteNumber());
    module.addDeserializer(double.class, new FiniteNumber());
    return module;
  }

  private static <T> void text(
      SimpleModule module, Class<T> type, Function<T, String> write, Function<String, T> read) {
    module.addSerializer(
        type,
        new JsonSerializer<T>() {
          @Override
          public void serialize(T id, JsonGenerator out, SerializerProvider provider)
              throws IOException {
            out.writeString(write.apply(id));
          }
        });
    module.addDeserializer(
        type,
        new JsonDeserializer<T>() {
          @Override
          public @Nullable T deserialize(JsonParser in, DeserializationContext context)
              throws IOException {
            String text = context.readValue(in, String.class);
            try {
              return read.apply(text);
            } catch (IllegalArgumentException e) {
              throw JsonMappingException.from(in, e.getMessage(), e);
            }
          }
        });
  }

  /** Refuses numbers that Jackson would read as infinite, such as 1e999, and the text "NaN". */
  private static final class FiniteNumber extends JsonDeserializer<Double> {
    @Override
    public Double deserialize(JsonParser in, DeserializationContext context) throws IOException {
      if (in.currentToken() != JsonToken.VALUE_NUMBER_FLOAT
          && in.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        return (Double) context.handleUnexpectedToken(Double.class, in);
      }
      double value = in.getDoubleValue();
      if (!Double.isFinite(value)) {
        throw JsonMappingException.from(in, "must be a finite number");
      }
      return value;
    }
  }

  /**
   * Takes from the Java types what Jackson would otherwise need annotations for: a record component
   * is required unless it is nullable or optional, and an enum constant is spelt by {@link
   * EnumWord}.
   */
  private static final class Components extends JacksonAnnotationIntrospector {
    @Override
    public @Nullable Boolean hasRequiredMarker(AnnotatedMember member) {
      return needed(member) ? Boolean.TRUE : super.hasRequiredMarker(member);
    }

    @Override
    public JsonSetter.Value findSetterInfo(Annotated annotated) {
      return needed(annotated)
          ? JsonSetter.Value.construct(
              Nulls.FAIL, holdsNulls((AnnotatedParameter) annotated) ? Nulls.SET : Nulls.FAIL)
          : super.findSetterInfo(annotated);
    }

    /** Whether what a list or map holds may be null, as its type says. */
    private static boolean holdsNulls(AnnotatedParameter parameter) {
      return type(parameter) instanceof AnnotatedParameterizedType type
          && Arrays.stream(type.getAnnotatedActualTypeArguments())
              .anyMatch(held -> held.isAnnotationPresent(Nullable.class));
    }

    private static boolean needed(Annotated annotated) {
      if (!(annotated instanceof AnnotatedParameter parameter)
          || !parameter.getDeclaringClass().isRecord()
          || parameter.getRawType() == Optional.class) {
        return false;
      }
      return !type(parameter).isAnnotationPresent(Nullable.class);
    }

    private static AnnotatedType type(AnnotatedParameter parameter) {
      return parameter
          .getDeclaringClass()
          .getRecordComponents()[parameter.getIndex()]
          .getAnnotatedType();
    }

    @Override
    public String[] findEnumValues(
        MapperConfig<?> config, AnnotatedClass type, Enum<?>[] values, String[] names) {
      for (int i = 0; i < values.length; i++) {
        names[i] = EnumWord.of(values[i]);
      }
      return names;
    }
  }

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = WordList.class, name = "words"),
    @JsonSubTypes.Type(value = ClassNames.class, name = "classes"),
    @JsonSubTypes.Type(value = NoPrompt.class, name = "none"),
    @JsonSubTypes.Type(value = BytePair.class, name = "byte_pair"),
    @JsonSubTypes.Type(value = Unigram.class, name = "unigram"),
    @JsonSubTypes.Type(value = WordPiece.class, name = "word_piece")
  })
  private interface ReaderTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Schedule.Karras.class, name = "karras"),
    @JsonSubTypes.Type(value = Schedule.Exponential.class, name = "exponential"),
    @JsonSubTypes.Type(value = Schedule.Beta.class, name = "beta"),
    @JsonSubTypes.Type(value = Schedule.Discrete.class, name = "discrete"),
    @JsonSubTypes.Type(value = Schedule.Flow.class, name = "flow"),
    @JsonSubTypes.Type(value = Schedule.Listed.class, name = "listed"),
    @JsonSubTypes.Type(value = Schedule.Published.class, name = "published")
  })
  private interface ScheduleTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Thresholds.Open.class, name = "open"),
    @JsonSubTypes.Type(value = Thresholds.Clamp.class, name = "clamp"),
    @JsonSubTypes.Type(value = Thresholds.Dynamic.class, name = "dynamic")
  })
  private interface ThresholdTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Work.Encode.class, name = "encode"),
    @JsonSubTypes.Type(value = Work.Sample.class, name = "sample"),
    @JsonSubTypes.Type(value = Work.Decode.class, name = "decode"),
    @JsonSubTypes.Type(value = Work.Assemble.class, name = "assemble")
  })
  private interface WorkTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = JobEvent.Submitted.class, name = "submitted"),
    @JsonSubTypes.Type(value = JobEvent.Warned.class, name = "warned"),
    @JsonSubTypes.Type(value = JobEvent.JobStarted.class, name = "started"),
    @JsonSubTypes.Type(value = JobEvent.JobChanged.class, name = "changed"),
    @JsonSubTypes.Type(value = JobEvent.LevelFinished.class, name = "level_finished"),
    @JsonSubTypes.Type(value = JobEvent.JobEnded.class, name = "ended")
  })
  private interface FactTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Outcome.Succeeded.class, name = "succeeded"),
    @JsonSubTypes.Type(value = Outcome.Failed.class, name = "failed"),
    @JsonSubTypes.Type(value = Outcome.Blocked.class, name = "blocked"),
    @JsonSubTypes.Type(value = Outcome.Damaged.class, name = "damaged"),
    @JsonSubTypes.Type(value = Outcome.Yielded.class, name = "yielded")
  })
  private interface OutcomeTypes {}

  interface GrownInput {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    ArtifactId video();
  }

  interface GrownSpec {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    LevelRange levels();
  }

  interface GrownLevel {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    FirstFrame firstFrame();

    @JsonInclude(JsonInclude.Include.NON_NULL)
    BelowNoising belowNoising();

    @JsonInclude(JsonInclude.Include.NON_NULL)
    EarlyEnd earlyEnd();
  }

  interface GrownByLexicon {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    String lexicon();
  }

  interface GrownOptions {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    Boolean adaptive();
  }

  interface GrownSampling {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    Double tolerance();
  }

  interface GrownLevelFinished {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    Long steps();
  }
}
