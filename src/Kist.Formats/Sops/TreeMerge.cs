namespace Kist.Formats.Sops;

/// <summary>Merges two changes of one file, value by value.</summary>
public static class TreeMerge
{
    /// <summary>
    /// Takes what <paramref name="theirs"/> changed since <paramref name="origin"/> into <paramref name="ours"/>. What
    /// both changed differently stays as it is in ours.
    /// </summary>
    /// <param name="origin">What both came from; null where there was no such file.</param>
    /// <returns>The paths of values that both changed differently.</returns>
    public static IReadOnlyList<string> Merge(SopsTree? origin, SopsTree ours, SopsTree theirs)
    {
        var conflicts = new List<string>();
        var count = Math.Max(ours.Documents.Count, theirs.Documents.Count);
        for (var i = 0; i < count; i++)
        {
            var before = origin is not null && i < origin.Documents.Count ? origin.Documents[i] : null;
            if (i >= theirs.Documents.Count) continue;
            if (i >= ours.Documents.Count)
            {
                if (before is null) ours.Documents.Add(theirs.Documents[i]);
                continue;
            }
            if (Same(before, ours.Documents[i])) ours.Documents[i] = theirs.Documents[i];
            else Branch(before, ours.Documents[i], theirs.Documents[i], "", conflicts);
        }
        return conflicts;
    }

    /// <summary>Whether two values are the same; comments count too.</summary>
    public static bool Same(SopsValue? a, SopsValue? b)
    {
        if (a is null || b is null) return a is null && b is null;
        if (a.Kind != b.Kind || a.Branch.Count != b.Branch.Count || a.List.Count != b.List.Count) return false;
        for (var i = 0; i < a.Branch.Count; i++)
            if (a.Branch[i].Key != b.Branch[i].Key || !Same(a.Branch[i].Value, b.Branch[i].Value)) return false;
        for (var i = 0; i < a.List.Count; i++)
            if (!Same(a.List[i], b.List[i])) return false;
        return a.Kind switch
        {
            SopsKind.Integer => a.Integer == b.Integer,
            SopsKind.Float => a.Float.Equals(b.Float),
            SopsKind.Boolean => a.Boolean == b.Boolean,
            _ => a.Bytes.Span.SequenceEqual(b.Bytes.Span),
        };
    }

    private static void Branch(SopsValue? origin, SopsValue ours, SopsValue theirs, string path, List<string> conflicts)
    {
        // What is new in theirs, or different there.
        for (var i = 0; i < theirs.Branch.Count; i++)
        {
            var item = theirs.Branch[i];
            if (item.IsComment) continue;
            var place = $"{path}[\"{item.Key}\"]";
            var before = Find(origin, item.Key);
            var at = ours.Branch.FindIndex(o => !o.IsComment && o.Key == item.Key);
            if (at < 0)
            {
                if (before is null) Insert(ours, theirs, i);
                else if (!Same(before, item.Value)) conflicts.Add(place);
                continue;
            }
            var own = ours.Branch[at].Value;
            if (Same(own, item.Value) || Same(before, item.Value)) continue;
            if (Same(before, own)) ours.Branch[at] = item;
            else if (own.Kind == SopsKind.Branch && item.Value.Kind == SopsKind.Branch)
                Branch(before is { Kind: SopsKind.Branch } ? before : null, own, item.Value, place, conflicts);
            else conflicts.Add(place);
        }
        // What theirs removed.
        foreach (var item in origin?.Branch ?? [])
        {
            if (item.IsComment || Find(theirs, item.Key) is not null) continue;
            if (Find(ours, item.Key) is not { } own) continue;
            if (Same(item.Value, own)) ours.Branch.RemoveAll(o => !o.IsComment && o.Key == item.Key);
            else conflicts.Add($"{path}[\"{item.Key}\"]");
        }
    }

    // Behind the key that stands before it in theirs, with the comments above it.
    private static void Insert(SopsValue ours, SopsValue theirs, int index)
    {
        var first = index;
        while (first > 0 && theirs.Branch[first - 1].IsComment) first--;
        var at = ours.Branch.Count;
        if (first > 0)
        {
            var previous = theirs.Branch[first - 1].Key;
            var found = ours.Branch.FindIndex(o => !o.IsComment && o.Key == previous);
            if (found >= 0) at = found + 1;
        }
        else at = 0;
        var comments = theirs.Branch.GetRange(first, index - first);
        comments.RemoveAll(c => ours.Branch.Exists(o => o.IsComment && Same(o.Value, c.Value)));
        ours.Branch.InsertRange(at, [.. comments, theirs.Branch[index]]);
    }

    private static SopsValue? Find(SopsValue? branch, string key)
    {
        foreach (var item in branch?.Branch ?? [])
            if (!item.IsComment && item.Key == key) return item.Value;
        return null;
    }
}
