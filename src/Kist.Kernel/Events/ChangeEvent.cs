namespace Kist.Kernel.Events;

/// <summary>What an engine says about a change of one of its keys: which path, never a value.</summary>
/// <param name="Type">What happened, such as <c>kv-v2/data-write</c> (the names are Vault's).</param>
/// <param name="Path">The path below the mount whose readers may know of it, such as <c>data/prod/database</c>.</param>
/// <param name="Version">The number of the version that is current now; null where there are no versions.</param>
public sealed record ChangeEvent(string Type, string Path, long? Version = null);

/// <summary>A place in the order of all changes: what a client sends back so as to miss nothing.</summary>
/// <param name="Revision">The store's revision.</param>
/// <param name="Index">Which change of that commit; <see cref="All"/>: the last.</param>
public readonly record struct EventPlace(long Revision, int Index)
{
    /// <summary>Behind every change of the revision.</summary>
    public const int All = int.MaxValue;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, out EventPlace place)
    {
        place = default;
        var point = text.IndexOf('.');
        var index = All;
        if (!long.TryParse(point < 0 ? text : text[..point], System.Globalization.NumberStyles.None, null,
            out var revision)) return false;
        if (point >= 0 && !int.TryParse(text.AsSpan(point + 1), System.Globalization.NumberStyles.None, null,
            out index)) return false;
        place = new EventPlace(revision, index);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Index == All ? $"{Revision}" : $"{Revision}.{Index}";
}

/// <summary>One message to a subscriber.</summary>
/// <param name="Id">What to send back after a lost connection (<see cref="EventPlace"/>).</param>
/// <param name="Type">The event's type; null: a sign of life without content.</param>
/// <param name="Json">The event as UTF-8 JSON.</param>
public readonly record struct EventMessage(string Id, string? Type, ReadOnlyMemory<byte> Json);
