using System.Buffers.Binary;
using System.Text;
using Kist.Kernel.Barrier;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>What is known of one version besides its payload.</summary>
internal sealed class SecretVersion(long number, Guid id, DateTimeOffset created)
{
    /// <summary>1, 2, …</summary>
    public long Number { get; } = number;

    /// <summary>The name that doors without numbers use.</summary>
    public Guid Id { get; } = id;

    public DateTimeOffset Created { get; } = created;

    /// <summary>When it was or will be deleted; null: never. It can be undone until it is destroyed.</summary>
    public DateTimeOffset? Deletion { get; set; }

    public VersionState State { get; set; }

    public PayloadKind Kind { get; init; }

    /// <summary>What a door was told about the payload; empty: JSON.</summary>
    public string ContentType { get; init; } = "";

    /// <summary>
    /// An older version's payload, where the secret's own record holds it, in the buffer that was read; null: it has a
    /// record of its own (<see cref="VersionPayload"/>), or is the current one's, or is gone.
    /// </summary>
    public ReadOnlyMemory<byte>? Kept { get; set; }

    /// <summary>Names that lead to this version, such as <see cref="SecretRecord.CurrentLabel"/>.</summary>
    public List<string> Labels { get; } = [];

    public bool IsDestroyed => State is VersionState.Destroyed;

    public bool IsDeletedAt(DateTimeOffset now) => Deletion is { } at && at <= now;

    public bool IsReadableAt(DateTimeOffset now) => State is VersionState.Enabled && !IsDeletedAt(now);

    internal static SecretVersion From(VersionView view, ReadOnlyMemory<byte>? kept)
    {
        var created = new DateTimeOffset(view.CreatedTicks, TimeSpan.Zero);
        var version = new SecretVersion(view.Number, new Guid(view.Id), created)
        {
            Deletion = view.DeletionTicks == 0 ? null : new DateTimeOffset(view.DeletionTicks, TimeSpan.Zero),
            State = view.State,
            Kind = view.Kind,
            ContentType = Text(view.ContentType),
            Kept = kept,
        };
        for (var labels = view.Labels; !labels.IsEmpty; labels = labels[(labels[0] + 1)..])
            version.Labels.Add(Text(labels.Slice(1, labels[0])));
        return version;
    }

    internal void WriteTo(SecretWriter output)
    {
        var entry = output.GetSpan(42)[..42];
        BinaryPrimitives.WriteInt64LittleEndian(entry, Number);
        Id.TryWriteBytes(entry[8..]);
        BinaryPrimitives.WriteInt64LittleEndian(entry[24..], Created.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(entry[32..], Deletion?.UtcTicks ?? 0);
        entry[40] = (byte)State;
        entry[41] = (byte)Kind;
        output.Advance(42);
        WriteShort(output, ContentType);
        output.GetSpan(1)[0] = checked((byte)Labels.Count);
        output.Advance(1);
        foreach (var label in Labels) WriteShort(output, label);
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(4), Kept?.Length ?? -1);
        output.Advance(4);
        if (Kept is { } kept) output.Write(kept.Span);
    }

    private static void WriteShort(SecretWriter output, string text)
    {
        var count = Encoding.UTF8.GetByteCount(text);
        var span = output.GetSpan(count + 1);
        span[0] = checked((byte)count);
        Encoding.UTF8.GetBytes(text, span[1..]);
        output.Advance(count + 1);
    }

    private static string Text(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return s_strict.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            throw new MalformedRecordException("text");
        }
    }

    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);
}
