using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kist.Client.Logging;
using Kist.Secrets;

namespace Kist.Client;

/// <summary>
/// A secret as the server gave it: named values, each in locked memory. It is shared by all who read the same path, so
/// nobody disposes it; what it hands out are copies for the caller to dispose. Its own bytes are zeroed when the last
/// reader has let go of it.
/// </summary>
[JsonConverter(typeof(RedactedJson<KistSecret>))]
[DebuggerDisplay("[REDACTED] {Path}")]
public sealed class KistSecret
{
    private readonly Dictionary<string, SecretBytes> _values;

    private KistSecret(string path, Dictionary<string, SecretBytes> values) => (Path, _values) = (path, values);

    /// <summary>Mount and path, as in a reference.</summary>
    public string Path { get; }

    /// <summary>The names of its fields; names are no secrets.</summary>
    public IReadOnlyCollection<string> Fields => _values.Keys;

    /// <summary>The number of the version; null where there are none.</summary>
    public long? Version { get; private init; }

    /// <summary>When this version was written; null where the server does not say.</summary>
    public DateTimeOffset? Created { get; private init; }

    /// <summary>The lease that it came with; null: none.</summary>
    public string? LeaseId { get; private init; }

    /// <summary>How long the lease lasts; zero without one.</summary>
    public TimeSpan LeaseDuration { get; private init; }

    /// <summary>The value of a field as text. Throws <see cref="KistException"/> when there is no such field.</summary>
    public Secret<string> this[string field] => Secret.OfText(Bytes(field));

    /// <summary>
    /// The value of a field: the text's UTF-8, or the JSON of what is no text; null: the only field. Throws
    /// <see cref="KistException"/> when there is no such field, or several and none is named.
    /// </summary>
    public SecretBytes Bytes(string? field = null) =>
        TryGet(field, out var value) ? value : throw new KistException(KistFailure.NotFound, field is null
            ? $"{Path} has {_values.Count} fields; name one of them: kist://{Path}#FIELD"
            : $"{Path} has no field {field}");

    /// <summary>As <see cref="Bytes"/>; false when there is no such field.</summary>
    public bool TryGet(string? field, [NotNullWhen(true)] out SecretBytes? value)
    {
        value = null;
        var found = field is not null ? _values.GetValueOrDefault(field)
            : _values.Count == 1 ? _values.Values.First() : null;
        if (found is not null) value = Copy(found);
        return found is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Path} [REDACTED]";

    /// <summary>Reads the fields of an answer; null when the version is deleted or destroyed.</summary>
    internal static KistSecret? Parse(string path, bool isVersioned, KistResponse answer)
    {
        var fields = isVersioned ? answer.Data.Member("data") : answer.Data;
        if (fields.ValueKind != JsonValueKind.Object) return null;
        var values = new Dictionary<string, SecretBytes>(StringComparer.Ordinal);
        foreach (var field in fields.EnumerateObject())
        {
            var value = field.Value.Secret();
            HandedOut.Shared.Add(value);
            values[field.Name] = value;
        }
        var metadata = isVersioned ? answer.Data.Member("metadata") : default;
        return new KistSecret(path, values)
        {
            Version = metadata.Member("version").Number(),
            Created = metadata.Member("created_time").Time(),
            LeaseId = answer.LeaseId,
            LeaseDuration = answer.LeaseDuration,
        };
    }

    /// <summary>Whether a reader sees no difference.</summary>
    internal bool IsSameAs(KistSecret? other) => other is not null && Version == other.Version
        && _values.Count == other._values.Count && _values.All(v =>
            other._values.TryGetValue(v.Key, out var value) && value.FixedTimeEquals(v.Value));

    private static SecretBytes Copy(SecretBytes value) =>
        value.Use(0, static (secret, _) => SecretBytes.Copy(secret));
}
