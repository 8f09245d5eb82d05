namespace Kist.Kernel.Backups;

/// <summary>The checksum of gzip (RFC 1952, 8), eight bytes at a step: the base class library has none.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private static readonly uint[] s_tables = MakeTables();

    /// <summary>The checksum of what <paramref name="crc"/> is of (0: nothing) and <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var tables = s_tables;
        crc = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc = tables[0x700 + (byte)(crc ^ bytes[0])] ^ tables[0x600 + (byte)((crc >> 8) ^ bytes[1])]
                ^ tables[0x500 + (byte)((crc >> 16) ^ bytes[2])] ^ tables[0x400 + (byte)((crc >> 24) ^ bytes[3])]
                ^ tables[0x300 + bytes[4]] ^ tables[0x200 + bytes[5]] ^ tables[0x100 + bytes[6]] ^ tables[bytes[7]];
        }
        foreach (var one in bytes) crc = tables[(byte)(crc ^ one)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] MakeTables()
    {
        var tables = new uint[8 * 256];
        for (var i = 0u; i < 256; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : Polynomial);
            tables[i] = crc;
        }
        for (var i = 256; i < tables.Length; i++)
            tables[i] = tables[(byte)tables[i - 256]] ^ (tables[i - 256] >> 8);
        return tables;
    }
}
