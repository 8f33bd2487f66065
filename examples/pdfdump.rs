use recto::pdf::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let verbose = args.iter().any(|a| a == "-v");
    let (mut pages, mut t) = (0, 0.0);
    for f in args[1..].iter().filter(|a| !a.starts_with('-')) {
        let bytes = std::fs::read(f).unwrap();
        let s = std::time::Instant::now();
        let doc = match open(bytes, None) {
            Ok(d) => d,
            Err(e) => {
                println!("{f}: {e}");
                continue;
            }
        };
        let mut r = PageReader::new(&doc);
        let (mut g, mut p, mut im, mut un, mut nofont) = (0, 0, 0, 0, 0);
        for n in 1..=doc.page_count() as u32 {
            let c = r.content(n).unwrap();
            g += c.glyphs.len();
            p += c.paths.len();
            im += c.images.len();
            un += c.unmapped_glyphs;
            nofont += c.glyphs.iter().filter(|g| c.fonts[g.font as usize].name.is_empty()).count();
            pages += 1;
            if verbose {
                println!("--- page {n} {}x{} {:?}", c.width, c.height, c.fonts);
                let mut y = f32::NAN;
                let mut x = 0.0;
                for g in &c.glyphs {
                    if (g.origin.1 - y).abs() > 1.0 {
                        println!();
                        print!(
                            "[{:.1},{:.1} s{:.1} f{}{}] ",
                            g.origin.0,
                            g.origin.1,
                            g.size,
                            g.font,
                            if g.invisible { "i" } else { "" }
                        );
                    } else if g.origin.0 - x > 0.15 * g.size {
                        print!(" ");
                    }
                    y = g.origin.1;
                    x = g.advance.0;
                    print!("{}", g.text);
                }
                println!();
                for p in c.paths.iter().take(40) {
                    println!("{p:?}");
                }
                for i in &c.images {
                    println!("{i:?}");
                }
            }
            for w in c.warnings {
                println!("  {w}");
            }
        }
        let dt = s.elapsed().as_secs_f64();
        t += dt;
        if !verbose {
            println!(
                "{f}: pages {} glyphs {g} paths {p} images {im} unmapped {un} nofont {nofont} {:.2} ms/page",
                doc.page_count(),
                dt * 1e3 / doc.page_count() as f64
            );
        }
    }
    println!("{pages} pages {:.3} ms/page", t * 1e3 / pages as f64);
}
