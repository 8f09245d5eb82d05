using System.Text.Json;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// JSON Merge Patch (RFC 7386) on bytes: members of the patch replace those of the target, null removes them, objects
/// are merged. Values are copied from buffer to buffer and never become strings; names do.
/// </summary>
internal static class MergePatch
{
    /// <summary>Writes <paramref name="target"/> as changed by <paramref name="patch"/>. Both are valid JSON within the
    /// kernel's limit of depth; an empty target is one that does not exist.</summary>
    public static void Apply(ReadOnlySpan<byte> target, ReadOnlySpan<byte> patch, SecretWriter output)
    {
        if (!IsObject(patch))
        {
            KvJson.Compact(patch, output);
            return;
        }
        var changes = MembersOf(patch);
        var isFirst = true;
        output.Write("{"u8);
        if (IsObject(target))
        {
            var members = new Members(target);
            while (members.Next())
            {
                var isChanged = changes.Remove(members.Name, out var change);
                if (isChanged && change.IsNull) continue;
                WriteName(output, target[members.NameRange], ref isFirst);
                if (isChanged) Apply(target[members.ValueRange], patch[change.Value], output);
                else KvJson.Compact(target[members.ValueRange], output);
            }
        }
        foreach (var change in changes.Values)
        {
            if (change.IsNull) continue;
            WriteName(output, patch[change.Name], ref isFirst);
            Apply(default, patch[change.Value], output);
        }
        output.Write("}"u8);
    }

    private static Dictionary<string, Change> MembersOf(ReadOnlySpan<byte> json)
    {
        var found = new Dictionary<string, Change>(StringComparer.Ordinal);
        var members = new Members(json);
        while (members.Next()) found[members.Name] = new Change(members.NameRange, members.ValueRange, members.IsNull);
        return found;
    }

    private static void WriteName(SecretWriter output, ReadOnlySpan<byte> quoted, ref bool isFirst)
    {
        if (!isFirst) output.Write(","u8);
        isFirst = false;
        output.Write(quoted);
        output.Write(":"u8);
    }

    private static bool IsObject(ReadOnlySpan<byte> json) => json.TrimStart(" \t\r\n"u8).StartsWith("{"u8);

    private readonly record struct Change(Range Name, Range Value, bool IsNull);

    /// <summary>Steps over the members of one object.</summary>
    private ref struct Members
    {
        private Utf8JsonReader _json;

        public Members(ReadOnlySpan<byte> json)
        {
            _json = new Utf8JsonReader(json);
            _json.Read();
            Name = "";
        }

        public string Name { get; private set; }

        /// <summary>The name with its quotes, as it is written.</summary>
        public Range NameRange { get; private set; }

        public Range ValueRange { get; private set; }

        public bool IsNull { get; private set; }

        public bool Next()
        {
            if (!_json.Read() || _json.TokenType is not JsonTokenType.PropertyName) return false;
            Name = _json.GetString()!;
            var name = (int)_json.TokenStartIndex;
            NameRange = name..(name + _json.ValueSpan.Length + 2);
            _json.Read();
            IsNull = _json.TokenType is JsonTokenType.Null;
            var value = (int)_json.TokenStartIndex;
            _json.Skip();
            ValueRange = value..(int)_json.BytesConsumed;
            return true;
        }
    }
}
